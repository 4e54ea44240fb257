/**
 * What a front end of passive replication knows, and how it asks.
 */
import type { Effect, Effectful } from '../shared/effects.js';
import { type Address, address, type GroupName, type NodeId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { askEach, type Outstanding, requestOf, type Turns } from '../shared/outstanding.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import type { Batch } from '../shared/requests.js';
import type { FrontEndInput } from '../shared/style.js';
import type { Read } from './messages.js';

export interface Asked extends Outstanding {
  /** A query for one replica manager, whichever. */
  readonly isRead: boolean;
}

export interface FrontEndContext extends Effectful {
  /** Where the replies go: this actor. */
  readonly self: Address;
  readonly group: GroupName;
  /** The nodes of the name service, if there is one. */
  readonly names: readonly NodeId[];
  /** Those of them that have answered nothing yet: they are asked again when a request has no answer either. */
  readonly unheard: readonly NodeId[];
  /** The latest view, 0 before the first. */
  readonly view: number;
  /** Its primary; null while none is known. */
  readonly primary: Address | null;
  /** The latest registration of a primary that a look-up has found: its view, 0 before the first. */
  readonly registered: number;
  /** The replica managers, and which of them is asked next: the primary, where it is known. */
  readonly turns: Turns;
  /** Which of them is asked to read. */
  readonly reader: number;
  /**
   * Whose choice that was: a place in `names`, or their number while it is nobody's. All turns are kept by the first that answers,
   * so that they are even.
   */
  readonly chosenBy: number;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Asked>;
  /** The latest version in an answer. */
  readonly seen: number;
}

export type Change = Partial<FrontEndContext>;

export function initialContext(input: FrontEndInput): FrontEndContext {
  return {
    self: address(input.node, 'fe'),
    group: input.group,
    names: input.names ?? [],
    unheard: input.names ?? [],
    view: 0,
    primary: null,
    registered: 0,
    turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
    reader: input.first,
    chosenBy: input.names?.length ?? 0,
    outstanding: emptyMap(),
    seen: 0,
    effects: noEffects,
  };
}

/** Each of these goes to the replica manager that it names: what is for the primary as one batch. */
export function ask(context: FrontEndContext, servers: readonly Address[], entries: readonly Asked[]): Effect[] {
  const batched = askEach(
    servers,
    entries.filter(({ isRead }) => !isRead),
    'requests',
    ({ call }) => requestOf(call),
    'fifo',
  ).map((effect): Effect => {
    if (effect.type !== 'send') return effect;
    const batch = { frontEnd: context.self, requests: effect.message.items as Batch['requests'] }; // of the line above
    return { ...effect, message: { type: 'requests', items: [batch] } };
  });
  const read = ({ call }: Asked): Read => ({
    request: requestOf(call),
    seen: Math.max(context.seen, call.seen ?? 0),
  });
  const reads = entries.filter(({ isRead }) => isRead);
  return [...batched, ...askEach(servers, reads, 'read', read, 'unordered')];
}
