/**
 * A replicated service in a group with views, for an exploration: a replica manager and a member of the group on each node, a
 * front end and a sender from outside on those of the clients, and the membership service. Only a primary executes, so what must hold
 * is told by the states that the replica managers would go on from.
 */
import type { MemberContext } from '../../machines/membership/view-member.js';
import type { Order } from '../../machines/multicast/index.js';
import type { Replica } from '../../machines/shared/execution.js';
import { address, groupName, type NodeId, nodeId, nodeOf, senderNode } from '../../machines/shared/identifiers.js';
import { rolesOf, type Style, type StyleSettings } from '../../machines/shared/style.js';
import { chosen } from '../../machines/shared/view.js';
import { canonicalText } from './canonical.js';
import { answersIn, historyName } from './client-history.js';
import type { EnvironmentEvent, ExploredActor, Property, View } from './configuration.js';
import { frontEndNodes, idOf, type Plan } from './plan.js';
import { always, sometimes } from './properties.js';
import {
  memberAt,
  serviceNodes,
  suspicion,
  type ViewedGroup,
  viewedMember,
  viewedSender,
  viewedService,
} from './viewed-group.js';

function groupOf({ service, settings, members }: Plan): ViewedGroup {
  const style = settings.style as Style; // the default one has a static group
  const { tolerate = 'crash', reads = 'primary' } = settings;
  return {
    group: groupName(service.name),
    members,
    service: serviceNodes(settings.membershipReplicas ?? 1),
    order: settings.order ?? (style.needs.order[0] as Order), // every style names at least one
    uniform: rolesOf(style, 'dynamic').uniform({ reads }) && tolerate === 'crash',
    member: settings.member,
  };
}

export function viewedActors(plan: Plan, styleSettings: StyleSettings): ExploredActor[] {
  const { service, settings, members } = plan;
  const group = groupOf(plan);
  const roles = rolesOf(settings.style as Style, 'dynamic'); // as above
  const replicaManager = roles.replicaManager(service, styleSettings);
  const frontEnd = roles.frontEnd(styleSettings);
  const servers = members.map((member) => address(member, 'rm'));
  const replica = ({ value, ...rest }: Replica<unknown>): string => `${service.digest(value)} ${canonicalText(rest)}`;
  return [
    ...members.flatMap((node): ExploredActor[] => [
      {
        address: address(node, 'rm'),
        machine: replicaManager,
        input: (incarnation) => ({ node, incarnation, group: group.group, members }),
        digests: { current: replica, acknowledged: replica },
      },
      { ...viewedMember(group, node), deliverTo: 'rm' },
    ]),
    ...viewedService(group),
    ...frontEndNodes(settings).flatMap((node): ExploredActor[] => {
      const input = (incarnation: number) => ({ node, incarnation, group: group.group, members: servers, first: 0 });
      return [{ address: address(node, 'fe'), machine: frontEnd, input }, viewedSender(group, node)];
    }),
  ];
}

export function wrongSuspicions(plan: Plan): EnvironmentEvent[] {
  const group = groupOf(plan);
  return (plan.settings.suspected ?? []).map(([by, of]) => ({
    to: memberAt(group, nodeId(by)),
    event: suspicion(nodeId(by), nodeId(of)),
  }));
}

export function viewedProperties(plan: Plan): Property[] {
  const { service, settings, members, calls } = plan;
  const group = groupOf(plan);
  const { replicaOf } = rolesOf(settings.style as Style, 'dynamic'); // as above
  const updates = new Set(
    calls
      .flat()
      .filter(({ kind }) => kind === 'update')
      .map(idOf),
  );
  const place = (view: View, node: NodeId): MemberContext => view.context(memberAt(group, node));
  const goingOn = (view: View): NodeId[] => {
    const live = members.filter((node) => !view.crashed(node) && view.state(memberAt(group, node)) !== 'ended');
    const latest = Math.max(0, ...live.map((node) => place(view, node).view?.id ?? 0));
    const newest = live.map((node) => place(view, node).view).find((one) => one?.id === latest);
    return live.filter((node) => newest?.members.some(({ id }) => senderNode(id) === node));
  };
  const replica = (view: View, node: NodeId): Pick<Replica<unknown>, 'value' | 'version'> | null => {
    const at = address(node, 'rm');
    return replicaOf({ value: view.state(at), context: view.context(at) }, service);
  };
  const answered = (view: View): number => answersIn(view.observed(historyName)).filter((id) => updates.has(id)).length;
  const isPrimary = (view: View, node: NodeId): boolean => {
    const { view: own } = place(view, node);
    const primary = own === null ? undefined : chosen(own);
    return primary !== undefined && senderNode(primary.id) === node;
  };
  const takenOver = (view: View): boolean =>
    answered(view) === updates.size && goingOn(view).some((node) => node !== members[0] && isPrimary(view, node));
  return [
    always('exactly once', (view) => {
      const twice = members.find((node) => (replica(view, node)?.version ?? 0) > updates.size);
      return twice === undefined || `${twice} has executed more updates than there are`;
    }),
    always('what is answered outlives a crash', (view) => {
      // Who is not there yet holds it, and delivers it before he is.
      const there = goingOn(view);
      const latest = Math.max(0, ...there.map((node) => place(view, node).view?.id ?? 0));
      const without = there.find(
        (node) => place(view, node).view?.id === latest && (replica(view, node)?.version ?? 0) < answered(view),
      );
      return without === undefined || `${without} goes on without an update that is answered`;
    }),
    always('agreement', (view) => {
      const live = goingOn(view);
      if (view.network().some(({ to }) => !view.crashed(nodeOf(to)))) return true;
      // A crash that nobody has heard of yet.
      const inView = live.flatMap((node) => place(view, node).view?.members ?? []);
      if (inView.some(({ id }) => view.crashed(senderNode(id)))) return true;
      const states = new Set(live.map((node) => service.digest(replica(view, node)?.value)));
      return states.size < 2 || 'nothing is on its way, and two replica managers have different states';
    }),
    sometimes('all have executed all', (view) =>
      members.every((node) => replica(view, node)?.version === updates.size),
    ),
    ...(settings.crashes === 0 && (settings.suspected ?? []).length === 0
      ? []
      : [sometimes('another replica manager takes over, and all is answered', (view) => takenOver(view))]),
  ];
}
