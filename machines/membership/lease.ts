/**
 * A lease for the primary of a view (Gray & Cheriton 1989; PB-7): as long as it holds, no later view has another primary, so what
 * the primary knows is the latest, and it answers queries at once. The keeper beside the primary asks all other members of
 * its view. The group's actor of each that still goes on in that view grants it; when the view ends there, it takes no part in that
 * until the primary has stopped too or every lease that it can have granted is over (view-synchronous-member.ts).
 *
 * No clocks are compared, only how long they run: a lease of L ms runs L × (1 − drift) from the sending of the request by the
 * primary's clock, and the others wait L × (1 + drift) from when they stop by theirs. So it is safe as long as each
 * timer is wrong by the share `drift` at most. A node that stands still longer than that is beyond it.
 *
 * The primary's share is two rounds long: each begins with a request, and if all have granted it, the lease holds through this
 * round and the next.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Incoming } from '../shared/effects.js';
import {
  address,
  type GroupName,
  groupActor,
  type NodeId,
  type SenderId,
  senderId,
  senderNode,
} from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { fields, type MessageShapes, natural, text } from '../shared/shapes.js';
import { chosen, type View } from '../shared/view.js';

/** Of a cluster: how long a lease is, in ms, and the largest share by which any clock runs fast or slow. */
interface LeaseTerms {
  readonly duration: number;
  readonly drift: number;
}

/** ms that the primary may rely on it, from when it asked. */
export const reliedOn = ({ duration, drift }: LeaseTerms): number => duration * (1 - drift);
/** ms that who granted it waits, from when its view ends. */
export const waitedOut = ({ duration, drift }: LeaseTerms): number => duration * (1 + drift);

/** The name of the keepers' actors. */
export const leaseActor = 'lease';

/** From the keeper to the group's actor of each other member, which answers with a grant. */
export interface LeaseAsked {
  readonly view: number;
  /** The keeper's own count of its rounds. */
  readonly number: number;
}
export interface LeaseGranted extends LeaseAsked {
  readonly member: SenderId;
}

/** To the replica manager beside the keeper: queries in this view can be answered at once, or cannot any more. */
export interface Lease {
  readonly view: number;
  readonly held: boolean;
}

/** From the group's actor beside the keeper: it has stopped in this view. */
export interface Stopped {
  readonly view: number;
}

export const leaseAskedShape = fields({ view: natural, number: natural });
export const leaseShapes = {
  'lease-granted': fields({ view: natural, number: natural, member: text }),
} as const satisfies MessageShapes;

interface LeaseInput {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly group: GroupName;
  /** The actor on this node that is told. */
  readonly application: string;
  readonly terms: LeaseTerms;
}

interface LeaseContext extends Effectful {
  readonly input: LeaseInput;
  readonly self: SenderId;
  readonly view: View | null;
  /** Rounds begun, ever. */
  readonly number: number;
  /** Who has not granted the present round. */
  readonly awaited: readonly SenderId[];
}

type LeaseEvent = Incoming<'view', View> | Incoming<'lease-granted', LeaseGranted> | Incoming<'stopped', Stopped>;
type Change = Partial<LeaseContext>;

// --- rules ---------------------------------------------------------------------------------------------------------

function ask(context: LeaseContext, view: View | null): Change {
  const number = context.number + 1;
  const awaited = view?.members.map(({ id }) => id).filter((id) => id !== context.self) ?? [];
  const asked: LeaseAsked = { view: view?.id ?? 0, number };
  const effects = awaited.map(
    (member): Effect => ({
      type: 'send',
      to: address(senderNode(member), groupActor(context.input.group)),
      message: { type: 'lease-asked', items: [asked] },
      channel: 'lossy',
    }),
  );
  return { view, number, awaited, effects };
}

function tell({ input, view }: LeaseContext, held: boolean): Effect {
  const lease: Lease = { view: view?.id ?? 0, held };
  return {
    type: 'send',
    to: address(input.node, input.application),
    message: { type: 'lease', items: [lease] },
    channel: 'fifo',
  };
}

/** All have granted the round that the primary began: it holds from here on. */
const hold = (context: LeaseContext): Change => ({ effects: [tell(context, true)] });

/** The last round was granted in full: the lease holds through the next. */
const renew = (context: LeaseContext): Change => ask(context, context.view);

/** It was not: the lease is over with it. */
function lapse(context: LeaseContext): Change {
  const change = ask(context, context.view);
  return { ...change, effects: [tell(context, false), ...(change.effects ?? noEffects)] };
}

/** What was held in the view before is over: it names that view. */
const reign = (context: LeaseContext, event: Incoming<'view', View>): Change =>
  ask(context, event.items.at(-1) ?? null);

const step = (event: Incoming<'view', View>): Change => ({
  view: event.items.at(-1) ?? null,
  awaited: [],
  effects: noEffects,
});

/** The view ends here, so this member may take part in another's: from here on it relies on nothing. */
const giveUp = (context: LeaseContext): Change => ({ awaited: [], effects: [tell(context, false)] });

function noteGrants({ awaited, view, number }: LeaseContext, event: Incoming<'lease-granted', LeaseGranted>): Change {
  const fit = event.items.filter((item) => item.view === view?.id && item.number === number);
  return {
    awaited: awaited.filter((member) => !fit.some((item) => item.member === member)),
    effects: discarded('lease-granted', { late: event.items.length - fit.length }),
  };
}

// --- chart ---------------------------------------------------------------------------------------------------------

export const leaseKeeper = setup({
  types: {} as { context: LeaseContext; events: LeaseEvent; input: LeaseInput; emitted: EffectsEmitted }, // for the compiler only
  guards: {
    isPrimary: ({ context, event }) => {
      const view = event.type === 'view' ? event.items.at(-1) : undefined;
      return view !== undefined && chosen(view)?.id === context.self;
    },
    isOfThisView: ({ context, event }) =>
      event.type === 'stopped' && event.items.some(({ view }) => view === context.view?.id),
    isGranted: ({ context }) => context.awaited.length === 0,
  },
  delays: { round: ({ context }) => reliedOn(context.input.terms) / 2 },
}).createMachine({
  id: 'lease keeper',
  context: ({ input }) => ({
    input,
    self: senderId(input.node, input.incarnation),
    view: null,
    number: 0,
    awaited: [],
    effects: noEffects,
  }),
  initial: 'relying',
  on: {
    view: [
      {
        guard: 'isPrimary',
        target: '.reigning',
        reenter: true,
        actions: [
          assign(({ context, event }) => (event.type === 'view' ? reign(context, event) : unfit(event))),
          emitEffects,
        ],
      },
      {
        target: '.relying',
        actions: [assign(({ event }) => (event.type === 'view' ? step(event) : unfit(event))), emitEffects],
      },
    ],
    stopped: {},
    '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
  },
  states: {
    /** Another member is the primary, or this one has stopped in its view. */
    relying: {},
    /** One round, from the sending of the request. */
    reigning: {
      initial: 'asking',
      on: {
        stopped: {
          guard: 'isOfThisView',
          target: 'relying',
          actions: [assign(({ context }) => giveUp(context)), emitEffects],
        },
        'lease-granted': {
          actions: [
            assign(({ context, event }) =>
              event.type === 'lease-granted' ? noteGrants(context, event) : unfit(event),
            ),
            emitEffects,
          ],
        },
      },
      after: {
        round: [
          {
            guard: 'isGranted',
            target: '.renewing',
            reenter: true,
            actions: [assign(({ context }) => renew(context)), emitEffects],
          },
          { target: '.asking', reenter: true, actions: [assign(({ context }) => lapse(context)), emitEffects] },
        ],
      },
      states: {
        asking: {
          always: {
            guard: 'isGranted',
            target: 'leased',
            actions: [assign(({ context }) => hold(context)), emitEffects],
          },
        },
        /** The lease of the round before still holds. */
        renewing: { always: { guard: 'isGranted', target: 'leased' } },
        leased: {},
      },
    },
  },
});
