/**
 * How a cluster stands, told as events of a trace: what a viewer must know that was not there from the beginning.
 */
import { senderNode } from '../../../machines/shared/identifiers.js';
import type { View } from '../../../machines/shared/view.js';
import type { NodeStanding } from '../../cluster/standing.js';
import type { TraceEvent } from '../../trace/format.js';

export function pictureOf(t: number, nodes: readonly NodeStanding[]): TraceEvent[] {
  return nodes.flatMap(({ node, incarnation, up, actors, views }): TraceEvent[] => {
    if (!up) return [{ t, node, kind: 'crashed', reason: 'It was down already.' }];
    return [
      ...actors.map(
        ({ name, machine, state }): TraceEvent => ({
          t,
          node,
          actor: name,
          kind: 'started',
          chart: machine.id,
          state,
        }),
      ),
      ...views.map((view): TraceEvent => ({ t, node, kind: 'view', ...shown(view) })),
      ...(incarnation === 1 ? [] : [{ t, node, kind: 'recovered', incarnation } as const]),
    ];
  });
}

function shown({
  group,
  id,
  members,
}: View): Pick<Extract<TraceEvent, { kind: 'view' }>, 'group' | 'id' | 'members' | 'joining'> {
  const joining = members.filter(({ full }) => !full).map((member) => senderNode(member.id));
  return {
    group,
    id,
    members: members.map((member) => senderNode(member.id)),
    ...(joining.length === 0 ? {} : { joining }),
  };
}
