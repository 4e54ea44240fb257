/**
 * What a sender from outside does in the agreed order (agreed-order.ts): it has a stream of its own in each view, sends its messages in
 * it to all members, hears a number from each, and sends the largest after. When all have spoken all hold the message, so whatever
 * becomes of the view, it is delivered.
 */
import type { Effect, Incoming } from '../shared/effects.js';
import { nodeOf, type SenderId, senderNode } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { emptyMap } from '../shared/persistent-map.js';
import type { View } from '../shared/view.js';
import type { ViewGroupInput } from './group-input.js';
import { agreedOn, opened, type Tallies, type Tally, verdictOf, withProposal } from './proposals.js';
import { toSender } from './view-member.js';
import type { Entry, Issued, Proposal } from './view-messages.js';

export type ProposalCome = Incoming<'proposal', Proposal>;

export interface Coordinating {
  /** Entries of the own stream in this view. */
  readonly places: number;
  readonly tallies: Tallies;
}

export const nothingCoordinated: Coordinating = { places: 0, tallies: emptyMap() };

interface Context {
  readonly input: ViewGroupInput;
  readonly self: SenderId;
  readonly coordinating: Coordinating;
}

interface Change {
  readonly coordinating: Coordinating;
  readonly effects: readonly Effect[];
}

type Content = Pick<Entry, 'seq' | 'payload' | 'stamp' | 'verdict'>;

function toAll({ input, self, coordinating }: Context, view: View, contents: readonly Content[]): Effect[] {
  const first = coordinating.places + 1;
  const items = contents.map(
    (content, i): Entry => ({ ...content, view: view.id, author: self, place: first + i, sender: self }),
  );
  return view.members.map(({ id }) => toSender(input, id, { type: 'data', items }));
}

export function coordinated(context: Context, view: View, messages: readonly Issued[]): Change {
  const { places } = context.coordinating;
  const tallies = messages.reduce((all, { seq }, i) => opened(all, places + i + 1, seq), context.coordinating.tallies);
  return {
    coordinating: { places: places + messages.length, tallies },
    effects: toAll(context, view, messages),
  };
}

/** Members have said numbers. `agreed`: of which messages all have now. */
export function proposed(
  context: Context & { readonly view: View | null },
  { from, items }: ProposalCome,
): Change & { readonly agreed: readonly Tally[]; readonly losses: Readonly<Record<string, number>> } {
  const { view, coordinating } = context;
  const by = view?.members.find(({ id }) => senderNode(id) === nodeOf(from))?.id;
  let { tallies } = coordinating;
  let useless = 0;
  for (const proposal of items) {
    const next = by === undefined || proposal.view !== view?.id ? null : withProposal(tallies, by, proposal);
    if (next === null) useless += 1;
    else tallies = next;
  }
  const losses = { 'not under way': useless };
  const done = agreedOn(
    tallies,
    (view?.members ?? []).map(({ id }) => id),
  );
  if (view === null || done.agreed.length === 0)
    return { coordinating: { ...coordinating, tallies }, effects: noEffects, agreed: [], losses };
  const verdicts = done.agreed.map((tally): Content => ({ seq: tally.seq, payload: null, verdict: verdictOf(tally) }));
  return {
    coordinating: { places: coordinating.places + verdicts.length, tallies: done.tallies },
    effects: toAll(context, view, verdicts),
    agreed: done.agreed,
    losses,
  };
}
