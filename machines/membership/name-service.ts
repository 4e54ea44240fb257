/**
 * A replica of the name service (GM-8): from the name of a service to the address of its primary, or of a replica that answers
 * reads. It stands on each node of the membership service, and observes the views of the groups whose names it knows (GM-5).
 *
 * The replicas do not speak to each other. A new primary registers at all of them, with the id of its view; the
 * highest id wins at each, whatever comes when, so they all end at the same primary, and none ever goes back to that of an older view.
 * A primary that a later view evicts is dropped, and the name has none until the next registers. So a client finds the current primary
 * within detection + view change + registration + look-up. A replica that is cut off, or has just started, knows less: the client
 * takes the answer with the highest view, and asks another replica when there is none. Primaries register again when
 * they are told that a node of the name service is gone, for its next incarnation has forgotten everything.
 *
 * A look-up that has no answer yet waits, between one and two times `waitFor`; then the answer is null. Replicas for reading are handed
 * out in turn: the members of the group that have its state, and others that have enlisted, as those of a service without a group.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type Address, type GroupName, type NodeId, nodeOf } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import {
  emptyMap,
  mapDelete,
  mapDiff,
  mapEntries,
  mapGet,
  mapHas,
  mapOf,
  mapSet,
  type PersistentMap,
} from '../shared/persistent-map.js';
import { type Accepted, type Decree, membershipAt, type Observe, type Refusal } from './messages.js';
import type { Enlisting, Follow, Found, LookUp, Registration } from './name-messages.js';
import {
  ENLISTED,
  isVacant,
  judge,
  type NameEntry,
  newEntry,
  readReplicas,
  withAcceptance,
  withoutNode,
  withPrimary,
  withView,
} from './name-table.js';

export interface NameServiceInput {
  readonly node: NodeId;
  readonly incarnation: number;
  /** The nodes of the membership service, which are also those of the name service. */
  readonly service: readonly NodeId[];
  /** Names whose groups it observes from the start; others when somebody registers for them, enlists or follows. */
  readonly names: readonly GroupName[];
  /** The actor that answers reads on the nodes of a group's members. */
  readonly replica: string;
  /** ms that a look-up without an answer waits at least, and half of what it waits at most. */
  readonly waitFor: number;
}

type Registering = Incoming<'register', Registration>;
type EnlistingCome = Incoming<'enlist' | 'withdraw', Enlisting>;
type LookingUp = Incoming<'look-up', LookUp>;
type Following = Incoming<'follow' | 'unfollow', Follow>;
type AcceptedCome = Incoming<'accepted', Accepted>;
type DecidedCome = Incoming<'decided', Decree>;
type Ended = Incoming<'gone', Gone>;
export type NameServiceEvent =
  | Registering
  | EnlistingCome
  | LookingUp
  | Following
  /** From the replicas of the membership service. */
  | AcceptedCome
  | DecidedCome
  | Incoming<'refused', Refusal>
  | Ended;

interface WaitingLookUp extends LookUp {
  readonly from: Address;
  /** The round in which it came; a whole one is granted to it. */
  readonly round: number;
}

export interface NameServiceContext extends Effectful {
  readonly input: NameServiceInput;
  readonly names: PersistentMap<NameEntry>;
  /** Look-ups that have no answer yet; the same from the same actor is one. */
  readonly waiting: PersistentMap<WaitingLookUp>;
  /** Rounds of waiting that have ended so far. */
  readonly round: number;
}

/** Names known at most. One that means nothing any more makes room for a new one, which is refused if there is none. */
export const NAMES = 1024;
/** Look-ups that wait at most; more are answered with null. */
export const LOOK_UPS = 1024;
/** Followers of one name at most. */
export const FOLLOWERS = 1024;

type Change = Partial<NameServiceContext>;
type Rule<E> = (args: { readonly context: NameServiceContext; readonly event: E }) => Change;
type Names = NameServiceContext['names'];
type Counts = Record<string, number>;

const count = (counts: Counts, reason: string): void => {
  counts[reason] = (counts[reason] ?? 0) + 1;
};

const observe = (service: readonly NodeId[], names: readonly GroupName[]): Effect[] =>
  names.length === 0
    ? []
    : service.map((node) => ({
        type: 'send',
        to: membershipAt(node),
        message: { type: 'observe', items: names.map((group): Observe => ({ group })) },
        channel: 'fifo',
        control: true,
      }));

export const begin = ({ context: { input } }: { readonly context: NameServiceContext }): Change => ({
  effects: observe(input.service, input.names),
});

/** The names with this one among them; null when there is no room for it. */
function withName(names: Names, name: GroupName): Names | null {
  if (mapHas(names, name)) return names;
  if (names.size < NAMES) return mapSet(names, name, newEntry);
  for (const [other, entry] of mapEntries(names))
    if (isVacant(entry)) return mapSet(mapDelete(names, other), name, newEntry);
  return null;
}

/** A name without a known view: its group, if there is one, may be younger than the last `observe`. */
const unseen = (names: Names, items: readonly { readonly name: GroupName }[]): GroupName[] => [
  ...new Set(items.map(({ name }) => name).filter((name) => mapGet(names, name)?.view === null)),
];

export const register: Rule<Registering> = ({ context, event }) => {
  const counts: Counts = {};
  let { names } = context;
  for (const registration of event.items) {
    const { name, address, view } = registration;
    const known = withName(names, name);
    const entry = known === null ? undefined : mapGet(known, name);
    if (known === null || entry === undefined) count(counts, 'full');
    else {
      const verdict = judge(entry, registration);
      names = verdict === 'taken' ? mapSet(known, name, withPrimary(entry, { name, address, view })) : known;
      if (verdict !== 'taken') count(counts, verdict);
    }
  }
  const effects = [...observe(context.input.service, unseen(names, event.items)), ...discarded(event.type, counts)];
  return published(context, names, effects);
};

export const enlist: Rule<EnlistingCome> = ({ context, event }) => {
  const counts: Counts = {};
  const enlists = event.type === 'enlist';
  let { names } = context;
  for (const { name, address } of event.items) {
    const known = enlists ? withName(names, name) : names;
    const entry = known === null ? undefined : mapGet(known, name);
    if (known === null) count(counts, 'full');
    else if (entry === undefined) count(counts, 'unknown');
    else if (entry.enlisted.includes(address) === enlists) count(counts, 'repeated');
    else if (enlists && entry.enlisted.length >= ENLISTED) count(counts, 'full');
    else {
      const others = entry.enlisted.filter((other) => other !== address);
      names = mapSet(known, name, { ...entry, enlisted: enlists ? [...others, address] : others });
    }
  }
  const unknown = enlists ? unseen(names, event.items) : [];
  return published(context, names, [...observe(context.input.service, unknown), ...discarded(event.type, counts)]);
};

export const follow: Rule<Following> = ({ context, event }) => {
  const counts: Counts = {};
  const found: Found[] = [];
  let { names } = context;
  for (const { name } of event.items) {
    const known = event.type === 'follow' ? withName(names, name) : names;
    const entry = known === null ? undefined : mapGet(known, name);
    if (known === null) count(counts, 'full');
    else if (entry === undefined) count(counts, 'unknown');
    else if (event.type === 'unfollow')
      names = mapSet(known, name, { ...entry, followers: mapDelete(entry.followers, event.from) });
    else if (entry.followers.size >= FOLLOWERS && !mapHas(entry.followers, event.from)) count(counts, 'full');
    else {
      names = mapSet(known, name, { ...entry, followers: mapSet(entry.followers, event.from, true) });
      found.push(primaryOf(name, entry));
    }
  }
  const unknown = event.type === 'follow' ? unseen(names, event.items) : [];
  const effects = [...tell(event.from, found), ...observe(context.input.service, unknown)];
  return { names, effects: [...effects, ...discarded(event.type, counts)] };
};

const primaryOf = (name: GroupName, { primary, view }: NameEntry): Found => ({
  name,
  mode: 'primary',
  address: primary?.address ?? null,
  view: primary?.view ?? view?.id ?? 0,
});

/** What a look-up finds now, and the names with the turn taken. */
function find(names: Names, { name, mode }: LookUp, replica: string): { found: Found; names: Names } {
  const entry = mapGet(names, name) ?? newEntry;
  if (mode === 'primary') return { found: primaryOf(name, entry), names };
  const replicas = readReplicas(entry, replica);
  const address = replicas[entry.turn % replicas.length] ?? null;
  const found: Found = { name, mode, address, view: entry.view?.id ?? 0 };
  return { found, names: address === null ? names : mapSet(names, name, { ...entry, turn: entry.turn + 1 }) };
}

export const lookUp: Rule<LookingUp> = ({ context, event: { from, items } }) => {
  const { input, round } = context;
  let { names, waiting } = context;
  let [repeated, full] = [0, 0];
  const answers: Found[] = [];
  for (const { name, mode } of items) {
    const answer = find(names, { name, mode }, input.replica);
    const key = `${from} ${mode} ${name}`;
    names = answer.names;
    if (answer.found.address !== null) answers.push(answer.found);
    else if (mapHas(waiting, key)) repeated += 1;
    else if (waiting.size < LOOK_UPS) waiting = mapSet(waiting, key, { from, name, mode, round });
    else {
      full += 1;
      answers.push(answer.found);
    }
  }
  return { names, waiting, effects: [...tell(from, answers), ...discarded('look-up', { repeated, full })] };
};

/** Who has waited a whole round is told that nothing is known. */
export const endRound = ({ context }: { readonly context: NameServiceContext }): Change => {
  const { input, names, round } = context;
  let { waiting } = context;
  const found = new Map<Address, Found[]>();
  for (const [key, look] of mapEntries(waiting)) {
    if (look.round === round) continue;
    waiting = mapDelete(waiting, key);
    add(found, look.from, find(names, look, input.replica).found);
  }
  return { waiting, round: round + 1, effects: tellEach(found) };
};

export const takeAccepted: Rule<AcceptedCome> = ({ context, event: { from, items } }) => {
  const { service } = context.input;
  const replica = nodeOf(from);
  if (!service.includes(replica)) return { effects: discarded('accepted', { stranger: items.length }) };
  const majority = Math.floor(service.length / 2) + 1;
  let { names } = context;
  const counts: Counts = {};
  for (const accepted of items) {
    const { view } = accepted.decree;
    const entry = mapGet(names, view.group);
    if (entry === undefined) count(counts, 'unobserved');
    else if (view.id <= (entry.view?.id ?? 0)) count(counts, 'late');
    else names = mapSet(names, view.group, withAcceptance(entry, accepted, replica, majority));
  }
  return published(context, names, discarded('accepted', counts));
};

export const takeDecided: Rule<DecidedCome> = ({ context, event: { from, items } }) => {
  if (!context.input.service.includes(nodeOf(from)))
    return { effects: discarded('decided', { stranger: items.length }) };
  let { names } = context;
  const counts: Counts = {};
  for (const decree of items) {
    const { group, id } = decree.view;
    const entry = mapGet(names, group);
    if (entry === undefined) count(counts, 'unobserved');
    else if (id <= (entry.view?.id ?? 0)) count(counts, 'late');
    else names = mapSet(names, group, withView(entry, decree));
  }
  return published(context, names, discarded('decided', counts));
};

/** Who is gone waits and follows no more; a replica of the membership service has forgotten who observes. */
export const takeGone: Rule<Ended> = ({ context, event }) => {
  const ended = new Set<string>(event.items.map(({ node }) => node));
  let { names, waiting } = context;
  for (const [key, { from }] of mapEntries(waiting)) if (ended.has(nodeOf(from))) waiting = mapDelete(waiting, key);
  for (const [name, entry] of mapEntries(names)) {
    let { followers } = entry;
    for (const [follower] of mapEntries(followers))
      if (ended.has(nodeOf(follower as Address))) followers = mapDelete(followers, follower);
    let left = followers === entry.followers ? entry : { ...entry, followers };
    for (const { node } of event.items) left = withoutNode(left, node);
    names = mapSet(names, name, left);
  }
  const restarted = context.input.service.filter((node) => ended.has(node));
  const all = [...mapEntries(names)].map(([name]) => name as GroupName); // the map's keys are names
  return published({ ...context, waiting }, names, observe(restarted, all));
};

/** With these names in place of the old: what followers are told, and which look-ups have an answer now. */
function published(context: NameServiceContext, after: Names, more: readonly Effect[]): Change {
  let [names, waiting] = [after, context.waiting];
  const changed = new Map(mapDiff(context.names, after).set);
  const found = new Map<Address, Found[]>();
  for (const [name, entry] of changed) {
    if ((mapGet(context.names, name)?.primary ?? null) === entry.primary) continue;
    // The maps' keys are names and addresses.
    for (const [follower] of mapEntries(entry.followers))
      add(found, follower as Address, primaryOf(name as GroupName, entry));
  }
  for (const [key, look] of changed.size === 0 ? [] : mapEntries(waiting)) {
    if (!changed.has(look.name)) continue;
    const answer = find(names, look, context.input.replica);
    if (answer.found.address === null) continue;
    names = answer.names;
    waiting = mapDelete(waiting, key);
    add(found, look.from, answer.found);
  }
  return { names, waiting, effects: [...tellEach(found), ...more] };
}

function add(found: Map<Address, Found[]>, to: Address, item: Found): void {
  const items = found.get(to);
  if (items === undefined) found.set(to, [item]);
  else items.push(item);
}

const tell = (to: Address, items: readonly Found[]): Effect[] =>
  items.length === 0 ? [] : [{ type: 'send', to, message: { type: 'found', items }, channel: 'fifo' }];

const tellEach = (found: ReadonlyMap<Address, readonly Found[]>): Effect[] =>
  [...found].flatMap(([to, items]) => tell(to, items));

/** `holding` while a look-up waits for an answer, with the time that ends the round. */
export const nameService = setup({
  types: {} as {
    context: NameServiceContext;
    events: NameServiceEvent;
    input: NameServiceInput;
    emitted: EffectsEmitted;
  }, // for the compiler only
  guards: {
    aLookUpWaits: ({ context }) => context.waiting.size > 0,
    noLookUpWaits: ({ context }) => context.waiting.size === 0,
  },
  delays: { waitFor: ({ context }) => context.input.waitFor },
}).createMachine({
  id: 'name service',
  context: ({ input }) => ({
    input,
    names: mapOf(input.names.map((name) => [name, newEntry])),
    waiting: emptyMap(),
    round: 0,
    effects: noEffects,
  }),
  initial: 'starting',
  on: {
    register: { actions: [assign(register), emitEffects] },
    enlist: { actions: [assign(enlist), emitEffects] },
    withdraw: { actions: [assign(enlist), emitEffects] },
    'look-up': { actions: [assign(lookUp), emitEffects] },
    follow: { actions: [assign(follow), emitEffects] },
    unfollow: { actions: [assign(follow), emitEffects] },
    accepted: { actions: [assign(takeAccepted), emitEffects] },
    decided: { actions: [assign(takeDecided), emitEffects] },
    gone: { actions: [assign(takeGone), emitEffects] },
    // The name has no group: it may never have one, or get it later, and then its primary registers.
    refused: {},
    '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
  },
  states: {
    starting: { always: { target: 'answering', actions: [assign(begin), emitEffects] } },
    answering: { always: { guard: 'aLookUpWaits', target: 'holding' } },
    holding: {
      always: { guard: 'noLookUpWaits', target: 'answering' },
      after: { waitFor: { target: 'holding', reenter: true, actions: [assign(endRound), emitEffects] } },
    },
  },
});
