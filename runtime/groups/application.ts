/**
 * The application beside a group's actor on its node: it sends what the process asks of the membership service, and hands the
 * process what the group and the service tell. It is of the runtime and no protocol, so it may call out.
 */
import { type AnyStateMachine, assign, setup } from 'xstate';
import { createdShape, decreeShape, destroyedShape, refusalShape } from '../../machines/membership/messages.js';
import type { Effect, Effectful, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { emitEffects, noEffects } from '../../machines/shared/machine.js';
import type { MessageShapes } from '../../machines/shared/shapes.js';

/** What comes from the service. */
export const applicationShapes: MessageShapes = {
  created: createdShape,
  decided: decreeShape,
  destroyed: destroyedShape,
  refused: refusalShape,
};

type Told = Incoming<'delivered' | 'view' | 'refused' | 'created' | 'decided' | 'destroyed'>;
/** From the process: effects to carry out. */
type Ask = Incoming<'ask', Effect>;

export function application(told: (event: Told) => void): AnyStateMachine {
  const hand = { actions: [({ event }: { event: Told | Ask }) => event.type !== 'ask' && told(event)] };
  return setup({
    types: {} as { context: Effectful; events: Told | Ask; emitted: EffectsEmitted }, // for the compiler only
  }).createMachine({
    id: 'application',
    context: { effects: noEffects },
    on: {
      ask: { actions: [assign(({ event }) => ({ effects: event.items })), emitEffects] },
      delivered: hand,
      view: hand,
      refused: hand,
      created: hand,
      decided: hand,
      destroyed: hand,
    },
  });
}
