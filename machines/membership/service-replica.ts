/**
 * One replica of the membership service: its context, and what its rules have in common. A rule works on a step, a copy of
 * the context that it changes, and what it sends collects there.
 */
import { discarded } from '../shared/discard.js';
import type { Effect, Effectful, Incoming } from '../shared/effects.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  type NodeId,
  nodeOf,
  senderNode,
} from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { memberNodes, type View } from '../shared/view.js';
import { type Agreement, agreementOf, isMajority, type Promised, type SlotProposal } from './agreement.js';
import { type Change, type Directory, directoryOf, type Entry, entries, entryOf } from './directory.js';
import {
  type Creation,
  type Decree,
  type Destruction,
  detectorActor,
  membershipAt,
  type Refusal,
  type Watch,
} from './messages.js';
import { type Collection, isEmpty, nothingHeard } from './view-change.js';

export interface MembershipInput {
  readonly node: NodeId;
  readonly incarnation: number;
  /** The nodes of all replicas, in the same order at each. An odd number outlives most: 2m+1 outlive m (PB-9). */
  readonly service: readonly NodeId[];
  /** The groups that are there from the start, the same list at each. */
  readonly groups: readonly { readonly view: View; readonly static: boolean }[];
  /** ms that a member has to report in when it is asked to. */
  readonly flushAfter: number;
  /** ms after which something is tried or asked again that nothing came of. */
  readonly retryAfter: number;
}

/** What waits until a record is safe: what may be sent then, and its own vote. */
export interface Unsafe {
  readonly number: number;
  readonly effects: readonly Effect[];
  readonly vote: SlotProposal | Promised | null;
}

/** A wish to make or unmake a group, that waits for its slot. */
export type Request =
  | { readonly kind: 'create'; readonly from: Address; readonly wish: Creation }
  | { readonly kind: 'destroy'; readonly from: Address; readonly wish: Destruction };

export interface MembershipContext extends Effectful {
  readonly input: MembershipInput;
  readonly agreement: Agreement;
  /** As of the last slot that is known to be decided. */
  readonly directory: Directory;
  /** Records persisted so far by this incarnation. */
  readonly persisted: number;
  readonly unsafe: readonly Unsafe[];
  /** What it proposed in this slot as the leader, and what it waits for. */
  readonly proposal: Change | null;
  readonly requests: readonly Request[];
  /** Groups of which anything was heard since their last decree. */
  readonly collections: PersistentMap<Collection>;
  /** Group → who is told of its views. */
  readonly observers: PersistentMap<readonly Address[]>;
  /** Of the nodes that it has watched, those that its detector suspects. */
  readonly suspected: readonly NodeId[];
  readonly watched: readonly NodeId[];
}

/** Observers of one group at a time, and requests that wait. */
export const MOST_OBSERVERS = 256;
export const MOST_REQUESTS = 256;

/** The context while a rule works on it. */
export type Step = { -readonly [Field in keyof Omit<MembershipContext, 'effects'>]: MembershipContext[Field] } & {
  readonly effects: Effect[];
  readonly discards: Record<string, number>;
};

export const initialContext = (input: MembershipInput): MembershipContext => ({
  input,
  agreement: agreementOf(input.node, input.service, { slot: 1, promised: -1, accepted: null }),
  directory: directoryOf(input.groups),
  persisted: 0,
  unsafe: [],
  proposal: null,
  requests: [],
  collections: emptyMap(),
  observers: emptyMap(),
  suspected: [],
  watched: [],
  effects: noEffects,
});

/** What a rule of the chart is given, and what it makes of the context. */
export interface Turn<E extends { readonly type: string } = { readonly type: string }> {
  readonly context: MembershipContext;
  readonly event: E;
}
export type Heard<Item> = Turn<Incoming<string, Item>>;
type Changes = Partial<MembershipContext>;

/** What a rule does in a step, done. Each rule is a function with a name, for charts show that. */
export function rule<E extends { readonly type: string }>(
  { context, event }: Turn<E>,
  work: (step: Step, event: E) => void,
): Changes {
  const step: Step = { ...context, effects: [], discards: {} };
  work(step, event);
  const { discards, ...changed } = step;
  return { ...changed, effects: [...step.effects, ...discarded(event.type, discards)] };
}

/** The items of a message, one by one. */
export const ruleForEach = <Item>(turn: Heard<Item>, work: (step: Step, item: Item, from: Address) => void): Changes =>
  rule(turn, (step, { items, from }) => {
    for (const item of items) work(step, item, from);
  });

/** What another replica says; anybody else has no say. */
export const fromReplica = <Item>(turn: Heard<Item>, work: (step: Step, item: Item, from: Address) => void): Changes =>
  ruleForEach(turn, (step, item, from) => {
    const node = nodeOf(from);
    if (from === membershipAt(node) && step.input.service.includes(node)) work(step, item, from);
    else discard(step, 'from no replica');
  });

export function discard(step: Step, reason: string): void {
  step.discards[reason] = (step.discards[reason] ?? 0) + 1;
}

export function tell(step: Step, to: Address, type: string, item: unknown): void {
  step.effects.push({ type: 'send', to, message: { type, items: [item] }, channel: 'fifo' });
}

export const otherReplicas = ({ input }: Pick<MembershipContext, 'input'>): Address[] =>
  input.service.filter((node) => node !== input.node).map(membershipAt);

export const leads = ({ agreement }: Pick<MembershipContext, 'agreement'>): boolean => agreement.campaign?.won === true;

/** The first replica that is not suspected leads, as each of them sees it. */
export const isFirst = ({ input, suspected }: Pick<MembershipContext, 'input' | 'suspected'>): boolean =>
  input.service.find((node) => node === input.node || !suspected.includes(node)) === input.node;

/** GM-7: it seems to reach enough of the others to decide anything. */
export const seesMajority = ({ input, suspected, agreement }: Step): boolean =>
  isMajority(agreement, input.service.filter((node) => node === input.node || !suspected.includes(node)).length);

export const collectionOf = (step: Pick<Step, 'collections'>, group: GroupName): Collection =>
  mapGet(step.collections, group) ?? nothingHeard;

/** Nothing is kept of a group that nothing is heard of. */
export function setCollection(step: Step, group: GroupName, collection: Collection): void {
  step.collections = isEmpty(collection)
    ? mapDelete(step.collections, group)
    : mapSet(step.collections, group, collection);
}

export const memberAddress = (group: GroupName, node: NodeId): Address => address(node, groupActor(group));

/** Who is told of a decree: members of the old view and the new, and observers (GM-5). */
export function audience(step: Step, decree: Decree): Address[] {
  const { group } = decree.view;
  const before = entryOf(step.directory, group)?.decree.view.members ?? [];
  const nodes = [...before, ...decree.view.members].map(({ id }) => senderNode(id));
  return [...new Set([...nodes.map((node) => memberAddress(group, node)), ...(mapGet(step.observers, group) ?? [])])];
}

/**
 * GM-3: who is out of a group is told again what stands. Replicas that said so before may have crashed with their messages, and
 * unlike who goes on, who is out need not have reported: it believes that its view stands, and asks nobody.
 */
export function tellOut(step: Step): void {
  for (const { decree, past } of entries(step.directory)) {
    const { group } = decree.view;
    const nodes = memberNodes(decree.view); // of later incarnations
    for (const node of past.map(senderNode)) {
      if (!nodes.includes(node)) tell(step, memberAddress(group, node), 'decided', decree);
    }
  }
}

export function refuse(step: Step, to: Address, group: GroupName, code: Refusal['code']): void {
  const refusal: Refusal = { group, code, why: reasons[code] };
  tell(step, to, 'refused', refusal);
}

const reasons: Readonly<Record<Refusal['code'], string>> = {
  STATIC_GROUP: 'The members of this group are fixed: nobody joins or leaves it.',
  NO_GROUP: 'The membership service knows no group of this name. Create it first.',
  GROUP_EXISTS: 'There is a group of this name already. Join it, or choose another name.',
  NO_MAJORITY:
    'This replica of the membership service does not reach a majority of the others, so it cannot decide anything. Ask again, or ask another.',
};

/** The record of all that must outlive a crash, in place of the one before; `then` follows when it is safe. */
export function persist(step: Step, then: Omit<Unsafe, 'number'> | null): void {
  const number = step.persisted + 1;
  step.persisted = number;
  step.unsafe = [...step.unsafe, { effects: [], vote: null, ...then, number }];
  const { promised, accepted } = step.agreement;
  const record: KeptRecord = { promised, accepted, slot: step.directory.slot, entries: entries(step.directory) };
  // Interfaces of plain data have no index signature, as Serializable asks.
  step.effects.push({ type: 'persist', number, records: [record as unknown as Serializable], replace: true });
}

export interface KeptRecord {
  readonly promised: number;
  readonly accepted: Agreement['accepted'];
  readonly slot: number;
  readonly entries: readonly Entry[];
}

/**
 * Tells the detector whom to watch: all watch the other replicas, to know who leads; who leads also watches the members of
 * groups that evict.
 */
export function watch(step: Step): void {
  const { input } = step;
  const nodes = new Set(input.service);
  if (leads(step)) {
    for (const entry of entries(step.directory)) {
      if (!entry.static) for (const node of memberNodes(entry.decree.view)) nodes.add(node);
    }
  }
  nodes.delete(input.node);
  const watched = [...nodes];
  if (watched.length === step.watched.length && watched.every((node, i) => node === step.watched[i])) return;
  step.watched = watched;
  step.suspected = step.suspected.filter((node) => nodes.has(node));
  const item: Watch = { nodes: watched };
  tell(step, address(input.node, detectorActor), 'watch', item);
}
