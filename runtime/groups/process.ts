/**
 * A process and the groups that it is a member of: each has an actor of its own on the process's node, and the application beside it.
 */
import {
  type Created,
  type Decree,
  type Destroyed,
  membershipAt,
  type Refusal,
} from '../../machines/membership/messages.js';
import { viewSynchronousShapes } from '../../machines/membership/view-messages.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import type { Order } from '../../machines/multicast/order.js';
import type { Delivery, Effect, Incoming } from '../../machines/shared/effects.js';
import {
  address,
  type GroupName,
  groupActor,
  groupName,
  type NodeId,
  senderId,
} from '../../machines/shared/identifiers.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { isMember, type View } from '../../machines/shared/view.js';
import type { Node } from '../actors/node.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import { application, applicationShapes } from './application.js';

export interface JoinSettings {
  /** The same at all members. Default `causal`. */
  readonly order?: Order;
  /** Deliver a message only once all members of the view hold it. Default false. */
  readonly uniform?: boolean;
  readonly delivered: (delivery: Delivery) => void;
  readonly view?: (view: View) => void;
  /** The membership is over: it has left, the others have gone on without it, or the group was unmade. */
  readonly ended?: (why: 'left' | 'evicted' | 'destroyed') => void;
}

/** A promise that is not settled yet. */
interface Wish {
  readonly done: () => void;
  readonly failed: (error: ChoraleError) => void;
}

interface Membership {
  readonly group: GroupName;
  readonly settings: JoinSettings;
  readonly joining: Wish;
  leaving: Wish | null;
  view: View | null;
}

/** ms between two rounds of telling each other what one holds, while something is unstable. */
const STABILITY_INTERVAL = 20;
const asking = 'groups';

export class Process {
  readonly name: NodeId;
  readonly #node: Node;
  readonly #clock: Clock;
  readonly #service: readonly NodeId[];
  readonly #newId: () => string;
  readonly #retryAfter: number;
  readonly #memberships = new Map<GroupName, Membership>();
  /** Groups that this incarnation has left or was evicted from: it has no way back (GM-3). */
  readonly #left = new Set<GroupName>();
  /** Wishes for groups to be made and unmade, and what they wait to hear. */
  readonly #wishes = new Map<GroupName, Wish & { readonly kind: 'create' | 'destroy' }>();

  constructor(node: Node, clock: Clock, service: readonly NodeId[], newId: () => string, retryAfter: number) {
    this.name = node.id;
    this.#node = node;
    this.#clock = clock;
    this.#service = service;
    this.#newId = newId;
    this.#retryAfter = retryAfter;
    node.host(
      asking,
      application((event) => this.#answered(event)),
      () => undefined,
      { shapes: applicationShapes },
    );
  }

  /**
   * Makes a group; its first members, this process if nobody else is named, have still to `join`. A static group has these members
   * for good. Errors: GROUP_EXISTS.
   */
  create(
    name: string,
    options: { readonly members?: readonly string[]; readonly static?: boolean } = {},
  ): Promise<void> {
    const members = (options.members ?? [this.name]).map((member) =>
      senderId(member as NodeId, this.#incarnationOf(member)),
    );
    const item = { group: groupName(name), members, static: options.static ?? false, id: this.#newId() };
    return this.#wish('create', item.group, item);
  }

  /** Unmakes a group of which this process is a member. Errors: NO_GROUP. */
  destroy(name: string): Promise<void> {
    const group = groupName(name);
    const view = this.#memberships.get(group)?.view?.id;
    if (view === undefined) return Promise.reject(noGroup(name));
    return this.#wish('destroy', group, { group, view });
  }

  /** Enters a group. Errors: NO_GROUP, STATIC_GROUP, GROUP_LEFT, SETTINGS_INVALID when it is a member already. */
  join(name: string, settings: JoinSettings): Promise<void> {
    const group = groupName(name);
    if (this.#left.has(group))
      return Promise.reject(
        new ChoraleError('GROUP_LEFT', `${this.name} has left "${name}": only a new incarnation of it can come back.`),
      );
    if (this.#memberships.has(group))
      return Promise.reject(new ChoraleError('SETTINGS_INVALID', `${this.name} has joined "${name}" already.`));
    return new Promise((done, failed) => {
      const membership: Membership = { group, settings, joining: { done, failed }, leaving: null, view: null };
      this.#memberships.set(group, membership);
      this.#node.host(
        app(group),
        application((event) => this.#told(membership, event)),
        () => undefined,
        {
          shapes: applicationShapes,
        },
      );
      // The group may have this process in its first view; and who observes it hears when it is unmade.
      this.#repeat(
        app(group),
        'observe',
        { group },
        () => !this.#node.hosts(groupActor(group)) && this.#isIn(membership),
      );
    });
  }

  /** Errors: NO_GROUP when it is no member. */
  multicast(name: string, payload: Serializable): void {
    const group = groupName(name);
    if (!this.#node.hosts(groupActor(group))) throw noGroup(name);
    this.#node.tell(groupActor(group), { type: 'multicast', from: address(this.name, app(group)), items: [payload] });
  }

  /** Errors: STATIC_GROUP, NO_GROUP when it is no member. */
  leave(name: string): Promise<void> {
    const group = groupName(name);
    const membership = this.#memberships.get(group);
    if (membership === undefined || !this.#node.hosts(groupActor(group))) return Promise.reject(noGroup(name));
    return new Promise((done, failed) => {
      membership.leaving = { done, failed };
      this.#node.tell(groupActor(group), { type: 'leave', from: address(this.name, app(group)), items: [true] });
    });
  }

  /** The group's actor says that its part is over. */
  ended(actor: string, why: 'left' | 'evicted'): void {
    for (const membership of this.#memberships.values()) {
      if (groupActor(membership.group) !== actor) continue;
      if (membership.view !== null) this.#left.add(membership.group);
      this.#end(membership, why);
    }
  }

  #end(membership: Membership, why: 'left' | 'evicted' | 'destroyed'): void {
    const { group, settings, leaving, view } = membership;
    this.#memberships.delete(group);
    // Not while their own effects are being carried out.
    this.#clock.defer(() => {
      this.#node.dismiss(groupActor(group));
      this.#node.dismiss(app(group));
      leaving?.done();
      if (view !== null) settings.ended?.(why);
    });
  }

  #isIn = (membership: Membership): boolean => this.#memberships.get(membership.group) === membership;

  #told(membership: Membership, event: Incoming): void {
    if (!this.#isIn(membership)) return;
    // Types and shapes are those of machines/membership/messages.ts: whoever sends them makes them.
    if (event.type === 'delivered')
      for (const delivery of event.items as readonly Delivery[]) membership.settings.delivered(delivery);
    else if (event.type === 'view') for (const view of event.items as readonly View[]) this.#entered(membership, view);
    else if (event.type === 'decided')
      for (const decree of event.items as readonly Decree[]) this.#found(membership, decree);
    else if (event.type === 'refused')
      for (const refusal of event.items as readonly Refusal[]) this.#refused(membership, refusal);
    else if (event.type === 'destroyed') this.#end(membership, 'destroyed');
  }

  /** The group is there: its actor starts, with the view if it is the first and has this process, or to join. */
  #found(membership: Membership, { view }: Decree): void {
    const { group, settings } = membership;
    if (view.group !== group || this.#node.hosts(groupActor(group))) return;
    const self = senderId(this.name, this.#node.incarnation);
    const isFirst = view.members.every(({ since }) => since === view.id) && isMember(view, self);
    const order = settings.order ?? 'causal';
    const input = () => ({
      node: this.name,
      incarnation: this.#node.incarnation,
      group,
      order,
      provider: 'sequencer',
      uniform: settings.uniform ?? false,
      service: this.#service,
      view: isFirst ? view : null,
      application: app(group),
      stabilityInterval: STABILITY_INTERVAL,
      retryAfter: this.#retryAfter,
    });
    const options = { shapes: viewSynchronousShapes(order), deliverTo: app(group) };
    this.#node.host(groupActor(group), viewSynchronousMember, input, options);
  }

  #entered(membership: Membership, view: View): void {
    const { group, settings, joining } = membership;
    if (view.group !== group) return;
    const isNew = membership.view === null;
    membership.view = view;
    // An application that needs the others' state asks them for it: to the group this process is a full member at once.
    if (isNew)
      this.#node.tell(groupActor(group), { type: 'ready', from: address(this.name, app(group)), items: [true] });
    settings.view?.(view);
    joining.done();
  }

  #refused(membership: Membership, { group, code, why }: Refusal): void {
    if (group !== membership.group || code === 'NO_MAJORITY') return;
    const error = new ChoraleError(code, why);
    membership.leaving?.failed(error);
    membership.leaving = null;
    if (membership.view !== null) return;
    membership.joining.failed(error);
    this.#end(membership, 'left');
  }

  #answered(event: Incoming): void {
    // As in `#told`.
    if (event.type === 'created')
      for (const { view } of event.items as readonly Created[]) this.#granted(view.group, 'create');
    if (event.type === 'destroyed')
      for (const { group } of event.items as readonly Destroyed[]) this.#granted(group, 'destroy');
    if (event.type !== 'refused') return;
    for (const { group, code, why } of event.items as readonly Refusal[]) {
      const wish = this.#wishes.get(group);
      if (wish === undefined || code === 'NO_MAJORITY') continue;
      this.#wishes.delete(group);
      // Asked again, for the answer was lost or late: it is unmade.
      if (wish.kind === 'destroy' && code === 'NO_GROUP') wish.done();
      else wish.failed(new ChoraleError(code, why));
    }
  }

  #granted(group: GroupName, kind: 'create' | 'destroy'): void {
    const wish = this.#wishes.get(group);
    if (wish?.kind !== kind) return;
    this.#wishes.delete(group);
    wish.done();
  }

  #wish(kind: 'create' | 'destroy', group: GroupName, item: unknown): Promise<void> {
    if (this.#wishes.has(group))
      return Promise.reject(new ChoraleError('SETTINGS_INVALID', `A wish about "${group}" is under way already.`));
    return new Promise((done, failed) => {
      const wish = { kind, done, failed };
      this.#wishes.set(group, wish);
      this.#repeat(asking, kind, item, () => this.#wishes.get(group) === wish);
    });
  }

  /** Asks all replicas of the service, until it is wanted no more. */
  #repeat(actor: string, type: string, item: unknown, wanted: () => boolean): void {
    if (!wanted() || !this.#node.hosts(actor)) return;
    const items = this.#service.map(
      (node): Effect => ({ type: 'send', to: membershipAt(node), message: { type, items: [item] }, channel: 'fifo' }),
    );
    this.#node.tell(actor, { type: 'ask', from: address(this.name, actor), items });
    this.#clock.setTimeout(() => this.#repeat(actor, type, item, wanted), this.#retryAfter);
  }

  /** Others are named as they were when they first started: who came back joins by request. */
  #incarnationOf(member: string): number {
    return member === this.name ? this.#node.incarnation : 1;
  }
}

const app = (group: GroupName): string => `app:${group}`;

const noGroup = (name: string): ChoraleError =>
  new ChoraleError('NO_GROUP', `There is no group "${name}", or this process is no member of it.`);
