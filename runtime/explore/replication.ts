import { active } from '../../machines/active/index.js';
import { type GroupInput, type GroupRole, groupMachine, isTotal, type Order } from '../../machines/multicast/index.js';
import { address, groupActor, groupName, type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import type { Call } from '../../machines/shared/requests.js';
import { membershipOf, rolesOf, type Style, type StyleSettings } from '../../machines/shared/style.js';
import {
  answersIn,
  type ClientHistory,
  clientHistory,
  historyName,
  isAnswered,
  isLinearizable,
} from './client-history.js';
import type { Configuration, EnvironmentEvent, ExploredActor, Observer, Property, View } from './configuration.js';
import {
  callsOf,
  frontEndNodes,
  frontEndOf,
  idOf,
  type Plan,
  type ReplicatedService,
  type ReplicationSettings,
} from './plan.js';
import { always, eventually, sometimes } from './properties.js';
import { viewedActors, viewedProperties, wrongSuspicions } from './replication-in-views.js';

const sequencer = nodeId('sequencer');

/**
 * A style that takes a static group is explored in one, any other in a group with views.
 * Errors: ARGUMENTS_INVALID for an operation that the service has not.
 */
export function replication(service: ReplicatedService, settings: ReplicationSettings): Configuration {
  const { replicas = 3, duplicates = 1, crashes = 1, timeouts = 0, told = true } = settings;
  const members = Array.from({ length: replicas }, (_, i) => nodeId(`rm-${i + 1}`));
  const calls = settings.clients.map((planned, k) => callsOf(service, k, planned));
  const throughOrder = calls.flat().filter(({ kind }) => kind === 'update' || settings.reads !== 'one');
  const ordered = new Set(throughOrder.map(idOf));
  const plan: Plan = { service, settings, members, calls, ordered };
  const allAnswered = (view: View): boolean =>
    calls.flat().every((call) => isAnswered(view.observed(historyName), idOf(call)));
  const hasViews = hasViewsOf(settings);
  return {
    name: `${service.name}: ${replicas} replica managers, ${calls.length} clients`,
    actors: hasViews ? viewedActors(plan, styleSettingsOf(settings)) : actorsOf(plan),
    settled: hasViews,
    network: { duplicates: true },
    faults: {
      crashes: { nodes: settings.mayCrash ?? members, times: crashes, forgets: hasViews },
      duplicates,
      timeouts,
      told,
    },
    environment: [
      ...calls.flatMap((own, k) => own.map((call, i) => eventOf(call, frontEndOf(k, settings), own[i - 1]))),
      ...(hasViews ? wrongSuspicions(plan) : []),
    ],
    observers: hasViews ? [clientHistory] : [clientHistory, ...members.map((member) => executions(member, ordered))],
    properties: [
      ...(hasViews ? viewedProperties(plan) : propertiesOf(plan)),
      always('linearizable', isLinearizableIn(plan)),
      // In a group with views some wait for a front end's timer, which need not fire here.
      ...(hasViews ? [] : [eventually('all are answered', allAnswered)]),
    ],
    symmetry: !hasViews && isSymmetric(settings, members) ? [{ nodes: members, sets: ['members', 'servers'] }] : [],
  };
}

/** A front end that asks one replica manager goes by its place in the list; and either all may crash, or none. */
const isSymmetric = ({ reads, mayCrash }: ReplicationSettings, members: readonly NodeId[]): boolean =>
  reads !== 'one' && new Set(members.map((member) => mayCrash?.includes(member) ?? true)).size === 1;

const executedBy = (member: string): string => `executed by ${member}`;

function actorsOf({ service, settings, members }: Plan): ExploredActor[] {
  const { reads = 'order', tolerate = 'crash', style = active as Style } = settings;
  const order = settings.order ?? (style.needs.order[0] as Order); // every style names at least one
  const machineOf = settings.group ?? ((role: GroupRole) => groupMachine(role, order).machine);
  const group = groupName(service.name);
  const styleSettings = styleSettingsOf(settings);
  const roles = rolesOf(style, 'static');
  const replicaManager = roles.replicaManager(service, styleSettings);
  const frontEnd = roles.frontEnd(styleSettings);
  const inGroup = (node: NodeId, role: GroupRole): ExploredActor => ({
    address: address(node, groupActor(group)),
    machine: machineOf(role, order),
    input: (incarnation): GroupInput => ({
      node,
      incarnation,
      group,
      order,
      members,
      sequencer: isTotal(order) ? sequencer : null,
      uniform: roles.uniform(styleSettings),
      tolerates: style.promises.tolerates(members.length, tolerate),
      stabilityInterval: 20,
    }),
    ...(role === 'member' ? { deliverTo: 'rm' } : {}),
  });
  const servers = members.map((member) => address(member, 'rm'));
  return [
    ...members.flatMap((node): ExploredActor[] => [
      inGroup(node, 'member'),
      {
        address: address(node, 'rm'),
        machine: replicaManager,
        input: (incarnation) => ({ node, incarnation, group, members }),
        digests: { value: (value: unknown) => service.digest(value) },
      },
    ]),
    ...(isTotal(order) ? [inGroup(sequencer, 'sequencer')] : []),
    ...frontEndNodes(settings).flatMap((node): ExploredActor[] => {
      // Where all goes through the order, nobody reads which replica manager is asked next.
      const ignores = style.name === 'active' && reads === 'order' ? ['turns'] : [];
      const input = (incarnation: number) => ({ node, incarnation, group, members: servers, first: 0 });
      return [inGroup(node, 'outsider'), { address: address(node, 'fe'), machine: frontEnd, input, ignores }];
    }),
  ];
}

/** A client calls once its last call is answered. */
function eventOf(call: Call, node: NodeId, last: Call | undefined): EnvironmentEvent {
  const event = { type: 'call', from: address(node, 'client'), items: [call] };
  const to = address(node, 'fe');
  if (last === undefined) return { to, event };
  return { to, event, when: (view) => isAnswered(view.observed(historyName), idOf(last)) };
}

/** The requests of the group's order that this replica manager has executed. */
const executions = (member: NodeId, ordered: ReadonlySet<string>): Observer<readonly string[]> => ({
  name: executedBy(member),
  initial: [],
  observe: (executed, seen) =>
    seen.type === 'phase' && seen.phase === 'EX' && seen.at === address(member, 'rm')
      ? [...executed, ...seen.requests.filter((id) => ordered.has(id))]
      : executed,
});

function propertiesOf({ service, members, ordered }: Plan): Property[] {
  const executed = (view: View, member: NodeId): readonly string[] => view.observed(executedBy(member));
  const history = (view: View): ClientHistory => view.observed(historyName);
  return [
    always('order', (view) => {
      const [longest = [], ...others] = members
        .map((member) => executed(view, member))
        .sort((a, b) => b.length - a.length);
      const prefixes = others.every((list) => list.every((id, i) => id === longest[i]));
      return prefixes || 'two replica managers execute requests in different orders';
    }),
    always('agreement', (view) => agreement(view, members, service)),
    always('exactly once', (view) => {
      const lists = members.map((member) => executed(view, member));
      if (lists.some((list) => new Set(list).size < list.length)) return 'a request is executed twice';
      const lost = answersIn(history(view)).find((id) => ordered.has(id) && !lists.some((list) => list.includes(id)));
      return lost === undefined || `${lost} is answered, and nobody has executed it`;
    }),
    sometimes('all have executed all', (view) =>
      members.every((member) => executed(view, member).length === ordered.size),
    ),
  ];
}

function isLinearizableIn({ service, calls }: Plan): Property['holds'] {
  const all = calls.flat();
  const judged = new Map<ClientHistory, boolean>();
  return (view) => {
    const seen: ClientHistory = view.observed(historyName);
    const known = judged.get(seen);
    const judgement = known ?? isLinearizable(seen, service, (id) => all.find((call) => idOf(call) === id) as Call); // it was called
    if (known === undefined) judged.set(seen, judgement);
    return judgement || 'no order of the requests gives these answers';
  };
}

const styleSettingsOf = ({ tolerate = 'crash', ...settings }: ReplicationSettings): StyleSettings => ({
  tolerate,
  reads: settings.reads ?? (hasViewsOf(settings) ? 'primary' : 'order'),
  retryAfter: 500,
  sessions: 1000,
  ...(settings.backups === undefined ? {} : { backups: settings.backups }),
  ...(settings.transfer === undefined ? {} : { transfer: settings.transfer }),
});

/** Once nothing is on its way the live ones have the same state, and have executed all that the crashed ones had. */
function agreement(view: View, members: readonly NodeId[], service: ReplicatedService): true | string {
  const live = members.filter((member) => !view.crashed(member));
  const [first] = live;
  if (first === undefined || view.network().some(({ to }) => live.some((member) => to.startsWith(`${member}/`))))
    return true;
  if (view.network().some(({ to }) => to.startsWith(`${sequencer}/`))) return true;
  const executed = (member: NodeId): number => view.observed<readonly string[]>(executedBy(member)).length;
  const digest = (member: NodeId): string =>
    service.digest(view.context<{ readonly value: unknown }>(address(member, 'rm')).value);
  if (live.some((member) => digest(member) !== digest(first))) return 'replica managers have come to different states';
  if (members.some((member) => executed(member) > executed(first)))
    return 'a crashed replica manager has executed more than the live ones';
  return true;
}

/** Whether the style's members come and go, as it is explored. */
function hasViewsOf({ style = active as Style, backups }: Pick<ReplicationSettings, 'style' | 'backups'>): boolean {
  return membershipOf(style, backups === undefined ? {} : { backups }) === 'dynamic';
}
