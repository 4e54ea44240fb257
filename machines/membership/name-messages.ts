/**
 * What primaries, replicas and clients say to the name service (GM-8). The name of a service is that of its group.
 */
import type { Effect } from '../shared/effects.js';
import { type Address, address, type GroupName, type NodeId } from '../shared/identifiers.js';
import { fields, type MessageShapes, natural, oneOf, type Shape, text } from '../shared/shapes.js';
import { acceptedShape, decreeShape, refusalShape } from './messages.js';

/** The actor of a replica of the name service. */
export const namesActor = 'names';
export const namesAt = (node: NodeId): Address => address(node, namesActor);

/** From a new primary, to every replica of the name service: it serves this name since this view. */
export interface Registration {
  readonly name: GroupName;
  readonly address: Address;
  /** The view in which it became primary; of a service without a group, any count that grows with each new primary. */
  readonly view: number;
}

/** A replica for reading, to every replica of the name service: it enlists, or withdraws. */
export interface Enlisting {
  readonly name: GroupName;
  readonly address: Address;
}

export interface LookUp {
  readonly name: GroupName;
  readonly mode: 'primary' | 'read';
}

/** To be told of the primary of a name now and at each change (`follow`), or no longer (`unfollow`). */
export interface Follow {
  readonly name: GroupName;
}

/** The answer to a look-up, and what followers are told. */
export interface Found extends LookUp {
  /** Null: there is none that this replica knows. */
  readonly address: Address | null;
  /** The view in which the primary registered; without one, and for reading, the latest known view, 0 without any. */
  readonly view: number;
}

/** To the replicas of the name service on these nodes. */
const toNames = (nodes: readonly NodeId[], type: string, items: readonly unknown[]): Effect[] =>
  nodes.map((node) => ({
    type: 'send',
    to: namesAt(node),
    message: { type, items },
    channel: 'fifo',
    control: true,
  }));

/** A new primary says so; and says it again to those that have forgotten it. */
export const registering = (nodes: readonly NodeId[], registration: Registration): Effect[] =>
  toNames(nodes, 'register', [registration]);

export const lookingUp = (nodes: readonly NodeId[], name: GroupName, modes: readonly LookUp['mode'][]): Effect[] =>
  toNames(
    nodes,
    'look-up',
    modes.map((mode): LookUp => ({ name, mode })),
  );

const nameAndAddress = { name: text, address: text };
const nameShape = fields({ name: text });
/** What a replica that knows no primary asks of the one that should be: to register with it. */
export type Wanted = Follow;
export const wantedShape: Shape = nameShape;
/** What those who ask take from the name service. */
export const foundShape: Shape = fields({
  name: text,
  mode: oneOf('primary', 'read'),
  address: (value) => value === null || text(value),
  view: natural,
});
export const nameServiceShapes = {
  register: fields({ ...nameAndAddress, view: natural }),
  enlist: fields(nameAndAddress),
  withdraw: fields(nameAndAddress),
  'look-up': fields({ name: text, mode: oneOf('primary', 'read') }),
  follow: nameShape,
  unfollow: nameShape,
  accepted: acceptedShape,
  decided: decreeShape,
  refused: refusalShape,
} as const satisfies MessageShapes;
