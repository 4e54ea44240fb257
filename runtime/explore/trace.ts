/**
 * A step of an exploration in the format of the trace, so that what reads traces reads counter-examples too. Time is the
 * number of the step. Messages have the number that they were met by first, so equal ones have one id.
 */
import { actorOf, nodeId, nodeOf, senderNode } from '../../machines/shared/identifiers.js';
import type { CauseId, TraceEvent } from '../trace/format.js';
import type { Observation, Travelling } from './configuration.js';
import type { Space } from './space.js';
import type { Action } from './successors.js';
import type { Vector } from './vector.js';

/** What happens in the step that `space.successors` has just taken. */
export function traceOf(space: Space, action: Action, t: number, before: Vector, after: Vector): TraceEvent[] {
  const { processes, successors } = space;
  const events = causeOf(space, action, t, after);
  processes.nodes.forEach((node, at) => {
    const old = processes.states.at(before.get(at)).snapshots;
    processes.states.at(after.get(at)).snapshots.forEach((snapshot, i) => {
      const from = processes.actors.snapshots.at(old[i] as number).state; // as many before as after
      const { state: to, actor } = processes.actors.snapshots.at(snapshot);
      const event = 'message' in action ? action.message.message.type : action.kind;
      if (from !== to) events.push({ t, node, actor: actor.name, kind: 'transition', event, from, to });
    });
  });
  for (const id of successors.outcome?.observations ?? []) events.push(...observed(processes.observations.at(id), t));
  for (const id of successors.outcome?.sends ?? []) {
    const { from, to, message } = processes.messages.at(id).travelling;
    const { type, items } = message;
    const here = { t, node: nodeOf(from), actor: actorOf(from) };
    events.push({
      ...here,
      kind: 'sent',
      id: idOf(space, processes.messages.at(id).travelling),
      to,
      type,
      items: items.length,
    });
  }
  return events;
}

const idOf = ({ processes }: Space, message: Travelling): CauseId =>
  `${nodeOf(message.from)}:1:${processes.messages.idOf(message) + 1}`;

function causeOf(space: Space, action: Action, t: number, after: Vector): TraceEvent[] {
  if ('message' in action) {
    const { from, to, message } = action.message;
    const at = { t, node: nodeOf(to), actor: actorOf(to) };
    if (action.kind === 'lose') return [{ ...at, kind: 'dropped', reason: 'lost', count: 1, detail: message.type }];
    const id = idOf(space, action.message);
    return [{ ...at, kind: 'received', id, from, type: message.type, items: message.items.length }];
  }
  if (action.kind === 'crash') return [{ t, node: action.node, kind: 'crashed', reason: 'explored' }];
  if (action.kind === 'recover') {
    const place = space.processes.nodes.indexOf(nodeId(action.node));
    return [{ t, node: action.node, kind: 'recovered', incarnation: after.get(space.layout.fates + place) >> 1 }];
  }
  return [];
}

function observed(observation: Observation, t: number): TraceEvent[] {
  switch (observation.type) {
    case 'deliver': {
      const at = { t, node: nodeOf(observation.at), actor: actorOf(observation.at) };
      return observation.deliveries.map(({ payload: _, ...delivery }) => ({
        ...at,
        kind: 'delivered',
        group: observation.group,
        ...delivery,
      }));
    }
    case 'reply': {
      const at = { t, node: nodeOf(observation.from), actor: actorOf(observation.from) };
      return observation.answers.map(({ session, seq, by, outcome }) => ({
        ...at,
        kind: 'answered',
        request: `${session}#${seq}`,
        by,
        outcome: outcome.ok ? { ok: true, value: outcome.value } : { ok: false, error: { ...outcome.error } },
      }));
    }
    case 'view': {
      const { group, id, members } = observation.view;
      const at = { t, node: nodeOf(observation.at), actor: actorOf(observation.at) };
      return [{ ...at, kind: 'view', group, id, members: members.map((member) => senderNode(member.id)) }];
    }
    case 'phase': {
      const at = { t, node: nodeOf(observation.at), actor: actorOf(observation.at) };
      return [{ ...at, kind: 'phase', phase: observation.phase, requests: observation.requests }];
    }
    default:
      return [];
  }
}
