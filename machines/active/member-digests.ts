/**
 * What a member does to compare its state with those of the others (comparison.ts).
 */
import { replicaManagerAt } from '../membership/state-transfer.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { address, groupActor, senderNode } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { compared, type Digest, type Point, reached, told } from './comparison.js';
import { actor, type Change, type Context, isFull } from './member-context.js';

/** A full member has reached a point: it tells the others, and may find itself apart from them. */
export function compare<Value>(
  { self, group, view, value, version, comparing }: Context<Value>,
  { view: id, number }: Point,
  object: ReplicatedObject<Value>,
): Pick<Context<Value>, 'comparing' | 'divergence' | 'effects'> {
  if (view === null || view.id !== id || !isFull(view, self))
    return { comparing, divergence: null, effects: noEffects };
  const digest: Digest = { view: id, number, member: self, version, digest: object.digest(value) };
  const others = view.members.filter((member) => member.full && member.id !== self);
  const effects = others.map(
    (member): Effect => ({
      type: 'send',
      to: replicaManagerAt(member.id, actor),
      message: { type: 'digest', items: [digest] },
      channel: 'fifo',
      control: true,
    }),
  );
  return judged({ self, group, view, comparing: reached(comparing, digest) }, effects);
}

type Judged = Pick<Context<unknown>, 'comparing' | 'divergence' | 'effects'>;

/** Who finds itself apart from a majority asks its group to let it go. */
function judged(
  { self, group, view, comparing }: Pick<Context<unknown>, 'self' | 'group' | 'view' | 'comparing'>,
  effects: readonly Effect[],
): Judged {
  if (view === null) return { comparing, divergence: null, effects };
  const judgement = compared(comparing, view, self);
  if (judgement.divergence === null) return { ...judgement, effects };
  const leave: Effect = {
    type: 'send',
    to: address(senderNode(self), groupActor(group)),
    message: { type: 'leave', items: [true] },
    channel: 'fifo',
  };
  const { code, operations, majority } = judgement.divergence;
  const why = discarded('digest', { [`${code}: ${operations.join(', ')}`]: 1 });
  return { ...judgement, effects: [...effects, ...why, ...(majority ? [leave] : [])] };
}

/** Digests of other members. */
export function hearDigests<Value>(context: Context<Value>, event: Incoming<'digest', Digest>): Change<Value> {
  let { comparing } = context;
  let late = 0;
  let stranger = 0;
  for (const digest of event.items) {
    const next = told(comparing, digest);
    if (event.from !== replicaManagerAt(digest.member, actor)) stranger += 1;
    else if (next === null) late += 1;
    else comparing = next;
  }
  return judged({ ...context, comparing }, discarded('digest', { late, stranger }));
}
