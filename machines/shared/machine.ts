/**
 * How a protocol machine hands its effects over. A rule is a pure function from context and event to the changes of
 * the context, `effects` among them; the chart assigns what the rule returns and then emits the effects. This costs
 * less than half of XState's enqueueActions, and leaves the rule free of XState.
 */
import { emit } from 'xstate';
import type { Effectful, EffectsEmitted } from './effects.js';

export const noEffects: readonly never[] = [];

/**
 * The action that follows a rule's `assign` in every transition. Its type says what it reads and no more, because
 * XState's own type of an `emit` fits only the chart whose exact events it was made for.
 */
export const emitEffects = emit(
  ({ context }: { context: Effectful }): EffectsEmitted => ({ type: 'effects', effects: context.effects }),
) as (args: { context: Effectful }) => void;
