/** An actor for tests: it says what it is told to, and remembers what it hears. */
import { assign, setup } from 'xstate';
import type { Effect, EffectsEmitted, Gone, Incoming } from '../../machines/shared/effects.js';
import { emitEffects } from '../../machines/shared/machine.js';
import { type MessageShapes, natural, text } from '../../machines/shared/shapes.js';
import type { Node } from '../../runtime/actors/node.js';

export interface Said {
  readonly to: `${string}/${string}`;
  readonly type: 'hear' | 'work' | 'rumour' | (string & {});
  readonly items: readonly unknown[];
  readonly channel?: 'fifo' | 'unordered';
}

/** `from type item`, each in the order in which it was heard. */
export interface Heard {
  readonly from: string;
  readonly type: string;
  readonly item: unknown;
}

interface Context {
  /** Grows in place: a test may hear a great deal, and looks only at the end. */
  readonly heard: Heard[];
  /** Lengths of the item lists of the events. */
  readonly events: number[];
  readonly gone: Gone[];
  readonly effects: readonly Effect[];
}

/** `work` and `hear` are numbers, `rumour` is anything with a text in it. */
export const shapes: MessageShapes = {
  hear: (value) => natural(value) || (Array.isArray(value) && value.every(natural)),
  work: natural,
  rumour: (value) => text((value as { text?: unknown }).text),
};

function listen({ context, event }: { context: Context; event: Incoming }): Partial<Context> {
  context.events.push(event.items.length);
  for (const item of event.items) context.heard.push({ from: event.from, type: event.type, item });
  return {};
}

export const peer = setup({
  types: {
    context: {} as Context,
    events: {} as
      | Incoming<'say', Said>
      | Incoming<'hear' | 'work' | 'rumour'>
      | Incoming<'gone', Gone>
      | Incoming<'fail'>,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  context: () => ({ heard: [], events: [], gone: [], effects: [] }),
  on: {
    say: {
      actions: [
        assign(({ event }) => ({
          effects: event.items.map(
            ({ to, type, items, channel = 'fifo' }): Effect => ({
              type: 'send',
              to,
              channel,
              message: { type, items },
            }),
          ),
        })),
        emitEffects,
      ],
    },
    hear: { actions: assign(listen) },
    work: { actions: assign(listen) },
    rumour: { actions: assign(listen) },
    gone: { actions: assign(({ context, event }) => ({ gone: [...context.gone, ...event.items] })) },
    fail: {
      actions: assign(() => {
        throw new Error('told to fail');
      }),
    },
  },
});

const contextOf = (node: Node): Context => node.snapshotOf('peer').context as Context; // hosted with the machine above

export const heardBy = (node: Node): readonly Heard[] => contextOf(node).heard;
export const eventsOf = (node: Node): readonly number[] => contextOf(node).events;
export const goneAt = (node: Node): readonly Gone[] => contextOf(node).gone;
export const itemsFrom = (node: Node, from: string, type: string): readonly unknown[] =>
  heardBy(node).flatMap((each) => (each.from === from && each.type === type ? [each.item] : []));
