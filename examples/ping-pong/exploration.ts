/**
 * Two actors that count up in turn: the pinger sends `ping n`, the ponger answers `pong n` when it is at n itself. Each
 * has its turn only when the other's message has come, so nothing that the network does can bring them out of step.
 */
import { always, type Configuration, sometimes, type View } from 'chorale/explore';
import {
  type Address,
  type Effect,
  type Effectful,
  type EffectsEmitted,
  emitEffects,
  type Incoming,
} from 'chorale/machines';
import { assign, setup } from 'xstate';

export const about = 'two actors that count up in turn, over a network that loses and repeats';

type Stroke = Incoming<'ping' | 'pong', number>;

interface PlayerContext extends Effectful {
  readonly other: Address;
  /** Strokes of its own that were answered, or answers that it gave. */
  readonly count: number;
}

const send = (to: Address, type: string, number: number): Effect[] => [
  { type: 'send', to, channel: 'unordered', message: { type, items: [number] } },
];

/** The rule of both: only the message that carries the own count moves it on. */
function hit({ other, count }: PlayerContext, { type }: Stroke): Partial<PlayerContext> {
  const effects = type === 'ping' ? send(other, 'pong', count) : send(other, 'ping', count + 1);
  return { count: count + 1, effects };
}

const player = setup({
  types: {
    context: {} as PlayerContext,
    input: {} as { other: Address; serves: boolean },
    events: {} as Stroke,
    emitted: {} as EffectsEmitted,
  },
  guards: { isItsTurn: ({ context, event }) => event.items[0] === context.count },
}).createMachine({
  id: 'player',
  context: ({ input: { other, serves } }) => ({ other, count: 0, effects: serves ? send(other, 'ping', 0) : [] }),
  initial: 'playing',
  states: {
    playing: {
      entry: emitEffects,
      on: {
        ping: { guard: 'isItsTurn', actions: [assign(({ context, event }) => hit(context, event)), emitEffects] },
        pong: { guard: 'isItsTurn', actions: [assign(({ context, event }) => hit(context, event)), emitEffects] },
      },
    },
  },
});

/**
 * `most`: both count up to it. With `rough` the network is a set from which messages are lost and never taken: 4,094
 * states up to 5; without, 11.
 */
export function exploration({
  most = 5,
  rough = 1,
}: {
  readonly most?: number;
  readonly rough?: number;
} = {}): Configuration {
  const [pinger, ponger] = ['pinger/player', 'ponger/player'] as const;
  const count = (view: View, at: Address): number => view.context<PlayerContext>(at).count;
  return {
    name: `ping-pong up to ${most}`,
    actors: [
      { address: pinger, machine: player, input: () => ({ other: ponger, serves: true }) },
      { address: ponger, machine: player, input: () => ({ other: pinger, serves: false }) },
    ],
    network: rough > 0 ? { kept: true, loses: true } : {},
    boundary: (view) => count(view, pinger) <= most && count(view, ponger) <= most,
    properties: [
      always('in step', (view) => [0, 1].includes(count(view, ponger) - count(view, pinger))),
      sometimes('both reach the end', (view) => count(view, pinger) === most && count(view, ponger) === most),
    ],
  };
}
