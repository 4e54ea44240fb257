/**
 * Senders from outside, in the agreed order, that may have failed half way: they have sent a message, and no number for it yet. The
 * others' messages wait for theirs, so somebody must notice, by counting rounds of its own.
 */
import type { SenderId } from '../shared/identifiers.js';
import { candidatesOf } from './candidates.js';
import { type MemberContext, outsideStreams, type Step } from './view-member.js';

/** Sender from outside → its first message that has no agreed number yet. */
function awaitedOf(context: Pick<MemberContext, 'view' | 'holds' | 'agreeing'>): Map<SenderId, number> {
  const first = new Map<SenderId, number>();
  if (context.agreeing.candidates.size === 0) return first;
  const outside = outsideStreams(context);
  for (const { author, place, agreedAt } of candidatesOf(context)) {
    if (agreedAt > 0 || !outside.includes(author)) continue;
    first.set(author, Math.min(place, first.get(author) ?? place));
  }
  return first;
}

export const isAwaiting = (context: MemberContext): boolean => awaitedOf(context).size > 0;

/** One more round. */
export function countRound(step: Step): void {
  const awaited: Record<SenderId, MemberContext['agreeing']['awaited'][SenderId]> = {};
  for (const [sender, place] of awaitedOf(step)) {
    const before = step.agreeing.awaited[sender];
    awaited[sender] = { place, rounds: before?.place === place ? before.rounds + 1 : 1 };
  }
  step.agreeing = { ...step.agreeing, awaited };
}

/** Those that have been silent so long that they may have crashed: the others' messages wait for theirs. */
export const silentSenders = (context: MemberContext): SenderId[] =>
  [...awaitedOf(context)]
    .filter(([sender, place]) => {
      const { stabilityInterval, retryAfter } = context.input;
      const awaited = context.agreeing.awaited[sender];
      return awaited?.place === place && awaited.rounds * stabilityInterval >= retryAfter;
    })
    .map(([sender]) => sender);

/** Senders whose end leaves something without a number. */
export const leftOpenBy = (
  context: Pick<MemberContext, 'view' | 'holds' | 'agreeing'>,
  isOne: (sender: SenderId) => boolean,
): SenderId[] => [...awaitedOf(context).keys()].filter(isOne);
