import { discarded } from '../shared/discard.js';
import type { Effect } from '../shared/effects.js';
import { type Address, type GroupName, type NodeId, nodeOf } from '../shared/identifiers.js';
import { mapDelete, mapDiff, mapEntries, mapGet, mapHas, mapSet } from '../shared/persistent-map.js';
import { membershipAt, type Observe } from './messages.js';
import { primaryOf, published, tell, wanted } from './name-answers.js';
import type { Found } from './name-messages.js';
import type {
  AcceptedCome,
  Change,
  Counts,
  DecidedCome,
  Ended,
  EnlistingCome,
  Following,
  NameServiceContext,
  Names,
  Registering,
  Rule,
} from './name-replica.js';
import { FOLLOWERS, NAMES } from './name-replica.js';
import {
  ENLISTED,
  isVacant,
  judge,
  newEntry,
  withAcceptance,
  withoutNode,
  withPrimary,
  withView,
} from './name-table.js';

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

/** Where a view is known now, and who is primary in it is not. */
const news = ({ input, names: before }: NameServiceContext, after: Names): Effect[] =>
  mapDiff(before, after).set.flatMap(([name, entry]) =>
    // The map's keys are names.
    mapGet(before, name)?.view === entry.view ? [] : wanted(input, name as GroupName, entry),
  );

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
  return published(context, names, [...news(context, names), ...discarded('accepted', counts)]);
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
  return published(context, names, [...news(context, names), ...discarded('decided', counts)]);
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
