import { discarded } from '../shared/discard.js';
import type { Effect } from '../shared/effects.js';
import { type Address, address, type GroupName, senderNode } from '../shared/identifiers.js';
import { mapDelete, mapDiff, mapEntries, mapGet, mapHas, mapSet } from '../shared/persistent-map.js';
import { chosen } from '../shared/view.js';
import type { Found, LookUp } from './name-messages.js';
import type { Change, LookingUp, NameServiceContext, NameServiceInput, Names, Rule } from './name-replica.js';
import { LOOK_UPS } from './name-replica.js';
import { type NameEntry, newEntry, readReplicas } from './name-table.js';

export const primaryOf = (name: GroupName, { primary, view }: NameEntry): Found => ({
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

/**
 * A replica that came back has forgotten all, and what was sent to it may have been for the incarnation before: it asks the member that
 * should be primary in the view that it knows, when it hears of that view, and again while somebody waits.
 */
export const wanted = ({ incarnation, replica }: NameServiceInput, name: GroupName, entry?: NameEntry): Effect[] => {
  const due = incarnation > 1 && entry?.primary === null && entry.view !== null ? chosen(entry.view) : undefined;
  if (due === undefined) return [];
  const to = address(senderNode(due.id), replica);
  return [{ type: 'send', to, message: { type: 'wanted', items: [{ name }] }, channel: 'fifo', control: true }];
};

/** Who has waited a whole round is told that nothing is known. */
export const endRound = ({ context }: { readonly context: NameServiceContext }): Change => {
  const { input, names, round } = context;
  let { waiting } = context;
  const found = new Map<Address, Found[]>();
  const missing = new Set<GroupName>();
  for (const [key, look] of mapEntries(waiting)) {
    if (look.round === round) continue;
    missing.add(look.name);
    waiting = mapDelete(waiting, key);
    add(found, look.from, find(names, look, input.replica).found);
  }
  const asked = [...missing].flatMap((name) => wanted(input, name, mapGet(names, name)));
  return { waiting, round: round + 1, effects: [...tellEach(found), ...asked] };
};

/** With these names in place of the old: what followers are told, and which look-ups have an answer now. */
export function published(context: NameServiceContext, after: Names, more: readonly Effect[]): Change {
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

export const tell = (to: Address, items: readonly Found[]): Effect[] =>
  items.length === 0 ? [] : [{ type: 'send', to, message: { type: 'found', items }, channel: 'fifo' }];

const tellEach = (found: ReadonlyMap<Address, readonly Found[]>): Effect[] =>
  [...found].flatMap(([to, items]) => tell(to, items));
