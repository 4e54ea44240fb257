/**
 * For tests of storage: a counter that outlives its node. It answers an addition when it has persisted it, or, with a bug
 * planted, at once. Every fifth addition it writes its journal anew, as one record.
 */
import { assign, setup } from 'xstate';
import type { Effect, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { sessionId } from '../../machines/shared/identifiers.js';
import { emitEffects } from '../../machines/shared/machine.js';
import type { Answer } from '../../machines/shared/requests.js';

export interface Counting {
  readonly count: number;
  /** What it found when it started: every record, in order. */
  readonly found: readonly unknown[];
  readonly effects: readonly Effect[];
}

const answered = (counts: readonly number[]): Effect => ({
  type: 'reply',
  answers: counts.map(
    (count): Answer => ({
      session: sessionId('test'),
      seq: count,
      outcome: { ok: true, value: count },
      version: count,
      by: [],
    }),
  ),
});

function add({ count }: Counting, bug: boolean): Partial<Counting> {
  const next = count + 1;
  const persist: Effect = {
    type: 'persist',
    number: next,
    records: [next],
    ...(next % 5 === 0 ? { replace: true } : {}),
  };
  return { count: next, effects: bug ? [persist, answered([next])] : [persist] };
}

export const durableCounter = ({ bug = false } = {}) =>
  setup({
    types: {
      context: {} as Counting,
      events: {} as Incoming<'add', null> | Incoming<'persisted', number> | Incoming<'recovered'> | Incoming<'fail'>,
      emitted: {} as EffectsEmitted,
    },
  }).createMachine({
    context: { count: 0, found: [], effects: [] },
    initial: 'recovering',
    states: {
      recovering: {
        on: {
          recovered: {
            target: 'counting',
            actions: assign(({ event }) => ({
              found: event.items,
              count: Number(event.items[event.items.length - 1] ?? 0),
              effects: [],
            })),
          },
        },
      },
      counting: {
        on: {
          fail: {
            actions: assign(() => {
              throw new Error('told to fail');
            }),
          },
          add: { actions: [assign(({ context }) => add(context, bug)), emitEffects] },
          persisted: {
            actions: [assign(({ event }) => ({ effects: bug ? [] : [answered(event.items)] })), emitEffects],
          },
        },
      },
    },
  });
