/**
 * A message between two actors of one node, against a raw `send` of XState.
 */
import { assign, setup } from 'xstate';
import type { Effect, EffectsEmitted, Incoming } from '../machines/shared/effects.js';
import { address, nodeId } from '../machines/shared/identifiers.js';
import { emitEffects } from '../machines/shared/machine.js';
import { anything } from '../machines/shared/shapes.js';
import { Node } from '../runtime/actors/node.js';
import { realClock } from '../runtime/clock/real.js';
import { memoryNetwork } from '../runtime/transport/memory.js';
import { medians, table, toggling } from './toggle.js';

interface Rally {
  readonly left: number;
  readonly other: ReturnType<typeof address>;
  readonly effects: readonly Effect[];
}

/** Hits the ball back until the rally is over. */
const player = setup({
  types: {
    context: {} as Rally,
    input: {} as { other: Rally['other'] },
    events: {} as Incoming<'ball', number>,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  context: ({ input }) => ({ left: 0, other: input.other, effects: [] }),
  initial: 'playing',
  states: {
    playing: {
      on: {
        ball: {
          actions: [
            assign(({ context, event }) => {
              const left = (event.items[0] as number) - 1; // a ball is one number
              const effects: Effect[] =
                left > 0
                  ? [{ type: 'send', to: context.other, channel: 'fifo', message: { type: 'ball', items: [left] } }]
                  : [];
              return { left, effects };
            }),
            emitEffects,
          ],
        },
      },
    },
  },
});

/** Returns the reference: µs of CPU of a raw toggle. */
export function routing(): number {
  const clock = realClock();
  const here = nodeId('here');
  const node = new Node({ id: here, incarnation: 1, clock, transport: memoryNetwork({ clock }) });
  for (const [name, other] of [
    ['left', 'right'],
    ['right', 'left'],
  ] as const) {
    node.host(name, player, () => ({ other: address(here, other) }), { shapes: { ball: anything } });
  }
  const [reference = 0, micros = 0] = medians(toggling(), () => {
    node.tell('left', { type: 'ball', from: address(here, 'bench'), items: [100_000] });
    return 100_000;
  });
  node.close();
  table('a routed message between two actors of one node', [
    {
      'raw toggle, CPU µs': reference.toFixed(2),
      'routed message, CPU µs': micros.toFixed(2),
      'in raw XState sends': (micros / reference).toFixed(2),
    },
  ]);
  return reference;
}
