/**
 * What members of a group have been handed, as an observer keeps it: which views, and what in each, as far as it must be known
 * to see that two of them do not fit together.
 */
import { type NodeId, nodeOf, senderNode } from '../../machines/shared/identifiers.js';
import type { View as GroupView } from '../../machines/shared/view.js';
import type { Observation, Observer } from './configuration.js';

/** The first that was wrong. */
interface Wrong {
  readonly rule: 'GM-4' | 'GM-4 order' | 'VS-1' | 'VS-1 once';
  readonly why: string;
}

/** Where a member is. */
interface Place {
  readonly view: number;
  /** What it has delivered in this view, in alphabetical order. */
  readonly delivered: readonly string[];
}

export interface Seen {
  readonly places: Readonly<Record<NodeId, Place>>;
  /** View → its members, as the first who came to it was told. */
  readonly members: Readonly<Record<number, string>>;
  /** View → what was delivered in it by the first who went on from it. */
  readonly delivered: Readonly<Record<number, readonly string[]>>;
  readonly wrong: Wrong | null;
}

export const seenName = 'what members were handed';

/** `actor`: the name of the group's actor on the members' nodes. */
export const seenByMembers = (members: readonly NodeId[], actor: string): Observer<Seen> => ({
  name: seenName,
  initial: { places: {}, members: {}, delivered: {}, wrong: null },
  observe(seen, observation) {
    if (observation.type === 'end') return without(seen, nodeOf(observation.at));
    if (observation.type === 'crash') return without(seen, observation.node as NodeId); // of the same list
    if (seen.wrong !== null || (observation.type !== 'view' && observation.type !== 'deliver')) return seen;
    const node = nodeOf(observation.at);
    if (!members.includes(node) || !observation.at.endsWith(`/${actor}`)) return seen;
    return observation.type === 'view' ? installed(seen, node, observation.view) : delivered(seen, node, observation);
  },
});

/** What it had been handed counts no more: nobody will ever compare it. */
function without(seen: Seen, node: NodeId): Seen {
  const { [node]: _gone, ...places } = seen.places;
  return seen.wrong === null ? { ...seen, places } : seen;
}

function installed(seen: Seen, node: NodeId, { id, members }: GroupView): Seen {
  const before = seen.places[node];
  const wrong = (rule: Wrong['rule'], why: string): Seen => ({ ...seen, wrong: { rule, why } });
  const names = members.map((member) => `${member.id} ${member.since} ${member.full ? 'full' : 'joining'}`).join();
  const known = seen.members[id] ?? names;
  if (known !== names) return wrong('GM-4', `view ${id} is ${known} to one member and ${names} to ${node}`);
  if (!members.some((member) => senderNode(member.id) === node))
    return wrong('GM-4 order', `${node} is not in its view ${id}`);
  if (before !== undefined && id !== before.view + 1)
    return wrong('GM-4 order', `${node} comes to view ${id} after view ${before.view}`);
  const now: Seen = {
    ...seen,
    members: { ...seen.members, [id]: names },
    places: { ...seen.places, [node]: { view: id, delivered: [] } },
  };
  if (before === undefined) return now;
  const agreed = seen.delivered[before.view] ?? before.delivered;
  if (agreed.join() !== before.delivered.join())
    return wrong(
      'VS-1',
      `in view ${before.view} one member has delivered ${agreed.join() || 'nothing'}, and ${node} ${before.delivered.join() || 'nothing'}`,
    );
  return { ...now, delivered: { ...seen.delivered, [before.view]: agreed } };
}

function delivered(seen: Seen, node: NodeId, { deliveries }: Extract<Observation, { type: 'deliver' }>): Seen {
  const place = seen.places[node] ?? { view: 0, delivered: [] };
  const earlier = Object.entries(seen.delivered).flatMap(([id, list]) => (Number(id) < place.view ? list : []));
  const list = [...place.delivered];
  for (const { sender, seq, view } of deliveries) {
    const id = `${sender}#${seq}`;
    if (view !== place.view)
      return {
        ...seen,
        wrong: { rule: 'VS-1 once', why: `${node} delivers ${id} of view ${view} in view ${place.view}` },
      };
    if (list.includes(id) || earlier.includes(id))
      return { ...seen, wrong: { rule: 'VS-1 once', why: `${node} delivers ${id} twice` } };
    list.push(id);
  }
  return { ...seen, places: { ...seen.places, [node]: { view: place.view, delivered: list.sort() } } };
}
