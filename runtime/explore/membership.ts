/**
 * A view-synchronous group and the membership service, as a configuration: members multicast, crash and are suspected, rightly or
 * wrongly, at any moment; and what GM-4 and VS-1 promise must hold. The application of a member does nothing here but look
 * at what it is handed.
 */
import type { AnyStateMachine } from 'xstate';
import { membershipAt } from '../../machines/membership/messages.js';
import type { MemberContext } from '../../machines/membership/view-member.js';
import type { Order } from '../../machines/multicast/index.js';
import {
  type Address,
  address,
  groupActor,
  groupName,
  type NodeId,
  nodeId,
  nodeOf,
  senderNode,
} from '../../machines/shared/identifiers.js';
import { isMember } from '../../machines/shared/view.js';
import type { Configuration, EnvironmentEvent, Property, View } from './configuration.js';
import { always, sometimes } from './properties.js';
import { memberAt, serviceNodes, suspicion, type ViewedGroup, viewedMember, viewedService } from './viewed-group.js';
import { type Seen, seenByMembers, seenName } from './views-seen.js';

export interface MembershipSettings {
  /** Default 3. */
  readonly members?: number;
  /** Replicas of the membership service. Default 1. */
  readonly replicas?: number;
  /** How many messages each member multicasts, by its place. Default: the first one. */
  readonly messages?: readonly number[];
  /** Default `fifo`. */
  readonly order?: Order;
  /** Default 1. */
  readonly crashes?: number;
  /** Default: every member. */
  readonly mayCrash?: readonly string[];
  /** Suspicions that a detector may raise of itself, at any moment and of anybody, right or wrong. Default 1. */
  readonly suspicions?: number;
  /** Who may be suspected by whom; `ms-1` is the service. Default: every member by every other, and by the service. */
  readonly suspected?: readonly (readonly [by: string, of: string])[];
  /** Timers that may fire: of retransmission, of stability rounds, of the service's patience. Default 0. */
  readonly timeouts?: number;
  /** All nodes hear of a crash, each at some time. Default true. */
  readonly told?: boolean;
  /** The machine of a member. Default: Chorale's own. */
  readonly member?: AnyStateMachine;
}

const suspicionsRaised = 'suspicions raised';

export function membership(settings: MembershipSettings = {}): Configuration {
  const { replicas = 1, order = 'fifo', crashes = 1, suspicions = 1, timeouts = 0, told = true } = settings;
  const members = Array.from({ length: settings.members ?? 3 }, (_, i) => nodeId(`rm-${i + 1}`));
  const service = serviceNodes(replicas);
  const group: ViewedGroup = {
    group: groupName('group'),
    members,
    service,
    order,
    uniform: false,
    member: settings.member,
  };
  const messages = settings.messages ?? [1];
  return {
    name: `membership: ${members.length} members, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} of the service`,
    actors: [...members.map((node) => viewedMember(group, node)), ...viewedService(group)],
    settled: true,
    faults: { crashes: { nodes: settings.mayCrash ?? members, times: crashes, forgets: true }, timeouts, told },
    environment: [
      ...members.flatMap((node, i) => multicasts(group, node, messages[i] ?? 0)),
      ...suspicionsOf(group, settings, suspicions),
    ],
    observers: [
      seenByMembers(members, groupActor(group.group)),
      {
        name: suspicionsRaised,
        initial: 0,
        observe: (raised: number, seen) =>
          seen.type === 'event' && seen.event.type === 'suspicion' ? raised + 1 : raised,
      },
    ],
    properties: [
      ...promises(group, crashes + suspicions),
      // Of a part it is not known which of them lie in it.
      ...((settings.mayCrash ?? settings.suspected) ? [] : witnesses(group, { crashes, suspicions, messages })),
    ],
  };
}

interface Bounds {
  readonly crashes: number;
  readonly suspicions: number;
  readonly messages: readonly number[];
}

/** One after another. */
function multicasts(group: ViewedGroup, node: NodeId, times: number): EnvironmentEvent[] {
  const to = memberAt(group, node);
  const sent = (view: View): number => view.context<MemberContext>(to).sent;
  return Array.from({ length: times }, (_, i) => ({
    to,
    event: { type: 'multicast', from: address(node, 'rm'), items: [`m${i + 1}`] },
    when: (view) => sent(view) === i,
  }));
}

function suspicionsOf(group: ViewedGroup, settings: MembershipSettings, most: number): EnvironmentEvent[] {
  if (most === 0) return [];
  const { members, service } = group;
  const every = [...members, ...service.slice(0, 1)].flatMap((by) =>
    members.filter((of) => of !== by).map((of) => [by, of] as const),
  );
  return (settings.suspected ?? every).map(([by, of]): EnvironmentEvent => {
    const at = nodeId(by);
    const to: Address = service.includes(at) ? membershipAt(at) : memberAt(group, at);
    const when = (view: View): boolean => view.observed<number>(suspicionsRaised) < most;
    return { to, event: suspicion(at, nodeId(of)), times: Number.POSITIVE_INFINITY, when };
  });
}

const contextOf = (group: ViewedGroup, view: View, node: NodeId): MemberContext => view.context(memberAt(group, node));

const hasEnded = (group: ViewedGroup, view: View, node: NodeId): boolean =>
  view.state(memberAt(group, node)) === 'ended';

/** The number of the latest view of whoever lives on. */
const latestView = (group: ViewedGroup, view: View): number =>
  group.members
    .filter((node) => !view.crashed(node) && !hasEnded(group, view, node))
    .reduce((latest, node) => Math.max(latest, contextOf(group, view, node).view?.id ?? 0), 0);

/** What must hold in every state. */
function promises(group: ViewedGroup, changes: number): Property[] {
  const held = (name: string, rule: string): Property =>
    always(name, (view) => {
      const { wrong } = view.observed<Seen>(seenName);
      return wrong?.rule !== rule || wrong.why;
    });
  return [
    held('GM-4: one view for each number', 'GM-4'),
    held('GM-4: views come one after another, to their members', 'GM-4 order'),
    held('VS-1: who goes on has delivered the same', 'VS-1'),
    held('VS-1: a message is delivered once, in one view', 'VS-1 once'),
    always(`there are ${1 + changes} views at most`, (view) => latestView(group, view) <= 1 + changes),
    always('whoever is left goes on', (view) => goesOn(view, group)),
  ];
}

/** What some state must show, or else the promises say little. */
function witnesses(group: ViewedGroup, { crashes, suspicions, messages }: Bounds): Property[] {
  const { members } = group;
  const withoutCrashed = (view: View): boolean =>
    members.some(
      (node) =>
        !view.crashed(node) &&
        !hasEnded(group, view, node) &&
        members.some((other) => view.crashed(other) && lacks(contextOf(group, view, node), other)),
    );
  const leftOut = (view: View): boolean => members.some((node) => !view.crashed(node) && hasEnded(group, view, node));
  const passesOn = (view: View): boolean =>
    view.network().some(({ from, message }) => message.type === 'relay' && !view.crashed(nodeOf(from)));
  return [
    ...(crashes > 0 ? [sometimes('a view without somebody who crashed', withoutCrashed)] : []),
    ...(crashes + suspicions > 1 ? [sometimes('three views', (view) => latestView(group, view) > 2)] : []),
    ...(suspicions > 0 ? [sometimes('somebody who lives is left out, and hears of it', leftOut)] : []),
    ...(crashes > 0 && messages.some((n) => n > 0)
      ? [sometimes('a member passes on what a crashed one has sent', passesOn)]
      : []),
  ];
}

const lacks = ({ view }: MemberContext, node: NodeId): boolean =>
  view !== null && !view.members.some(({ id }) => senderNode(id) === node);

/** Once nothing is on its way nobody stands still, but for a crash that has still to be heard of. */
function goesOn(view: View, group: ViewedGroup): true | string {
  const live = group.members.filter((node) => !view.crashed(node) && view.state(memberAt(group, node)) !== 'ended');
  if (view.network().some(({ to }) => !view.crashed(nodeOf(to)))) return true;
  const contexts = live.map((node) => view.context<MemberContext>(memberAt(group, node)));
  const unheard = group.members.some(
    (node) => view.crashed(node) && contexts.some((context) => !lacks(context, node) && !distrusts(context, node)),
  );
  if (unheard) return true;
  const still = live.find((node) => view.state(memberAt(group, node)) === 'flushing');
  if (still !== undefined) return `${still} waits for a view, and nothing is on its way`;
  const [first] = contexts;
  const behind = contexts.find((context) => context.view?.id !== first?.view?.id);
  if (behind !== undefined) return 'two members that live are in different views, and nothing is on its way';
  const unsent = contexts.find(({ view: own, self }) => own !== null && !isMember(own, self));
  return unsent === undefined || 'a member lives on in a view that is not its own';
}

const distrusts = ({ suspects }: MemberContext, node: NodeId): boolean =>
  suspects.some((id) => senderNode(id) === node);
