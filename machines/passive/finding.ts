/**
 * How a front end finds the primary, and a replica manager to read from: by the name service as it starts (GM-8), by views from then
 * on. A view comes to it as soon as to the members, so the primary's registration in it could only be later.
 */
import { type Found, lookingUp } from '../membership/name-messages.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { type Address, address, type NodeId, nodeOf, senderNode } from '../shared/identifiers.js';
import { mapEntries, mapSet } from '../shared/persistent-map.js';
import type { StyleSettings } from '../shared/style.js';
import { chosen, type View } from '../shared/view.js';
import { managerOf } from './context.js';
import { type Asked, ask, type Change, type FrontEndContext } from './front-end-context.js';

/** GM-8: it starts, or has still heard nothing, and asks who is there. */
export const lookUp = ({ unheard, group }: FrontEndContext, reads: StyleSettings['reads']): Effect[] =>
  lookingUp(unheard, group, reads === 'backups' ? ['primary', 'read'] : ['primary']);

const lookUpReader = ({ names, group }: FrontEndContext): Effect[] => lookingUp(names, group, ['read']);

/** Answers to look-ups. What is older than what is known here, or names nobody, is of no use. */
export function find(context: FrontEndContext, { from, items }: Incoming<'found', Found>): Change {
  const place = context.names.indexOf(nodeOf(from));
  const fit = items.filter(({ name }) => name === context.group && place >= 0);
  let now: FrontEndContext = { ...context, unheard: context.unheard.filter((node) => node !== nodeOf(from)) };
  let useless = items.length - fit.length;
  const effects: Effect[] = [];
  for (const { mode, address: found, view } of fit) {
    const isNews = mode === 'primary' ? view > Math.max(now.view, now.registered) : place < now.chosenBy;
    const servers = found === null ? [] : withServer(now, found, view);
    const at = found === null ? -1 : servers.indexOf(found);
    if (found === null || !isNews || at < 0) useless += 1;
    else if (mode === 'read') now = { ...now, turns: { ...now.turns, servers }, reader: at, chosenBy: place };
    else {
      const { effects: asked = [], ...change } = turnTo(
        now,
        servers,
        at,
        now.turns.gone.filter((node) => node !== nodeOf(found)),
      );
      now = { ...now, ...change, registered: view };
      effects.push(...asked);
    }
  }
  return { ...now, effects: [...effects, ...discarded('found', { 'of no use': useless })] };
}

/** Who is found may have joined in a view that is not known here yet; who is in no view that is, is gone. */
const withServer = (
  { turns: { servers }, view }: FrontEndContext,
  found: Address,
  since: number,
): readonly Address[] => (servers.includes(found) || since <= view ? servers : [...servers, found]);

/**
 * A new view: what is out goes to its primary, unless that one has it. Where no member has the state, whoever is
 * there is asked in turn.
 */
export function follow(context: FrontEndContext, event: Incoming<'view', View>, reads: StyleSettings['reads']): Change {
  const view = event.items.at(-1);
  if (view === undefined || view.id <= context.view || view.id < context.registered || view.members.length === 0)
    return { effects: discarded('view', { old: event.items.length }) };
  const servers = view.members.map(({ id }) => address(senderNode(id), 'rm'));
  const primary = chosen(view);
  const turn = primary === undefined ? 0 : servers.indexOf(managerOf(primary.id));
  const change = turnTo(context, servers, turn, []);
  const isLost = reads === 'backups' && !servers.some((server) => server === context.turns.servers[context.reader]);
  return {
    ...change,
    view: view.id,
    chosenBy: isLost ? context.names.length : context.chosenBy,
    effects: [...(change.effects ?? []), ...(isLost ? lookUpReader(context) : [])],
  };
}

/** These are the replica managers now, and one of them is the primary. */
function turnTo(context: FrontEndContext, servers: readonly Address[], turn: number, gone: readonly NodeId[]): Change {
  const before = context.turns.servers;
  const place = (asked: number | null): number => servers.indexOf(before[asked ?? -1] ?? 'no/one');
  const moved: Asked[] = [];
  let { outstanding } = context;
  const round = context.turns.round + 1;
  for (const [session, entry] of mapEntries(context.outstanding)) {
    const still = place(entry.asked);
    // Who was asked before it was primary may have passed it on to the primary that is gone.
    const stays = entry.isRead ? still >= 0 : still === turn && servers[turn] === context.primary;
    const next: Asked = stays ? { ...entry, asked: still } : { ...entry, asked: turn, round, again: true };
    outstanding = mapSet(outstanding, session, next);
    if (!stays) moved.push(next);
  }
  const reader = place(context.reader);
  return {
    primary: servers[turn] ?? null,
    turns: { servers, gone, turn, round: context.turns.round },
    reader: reader >= 0 ? reader : context.reader % servers.length,
    outstanding,
    effects: ask(context, servers, moved),
  };
}
