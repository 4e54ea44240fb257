/**
 * One door to the checks of a history: which property, which object, how long.
 */
import { causal } from './causal.js';
import type { History } from './history.js';
import { linearizable } from './linearizable.js';
import { begunWith, type Model } from './model.js';
import { modelNamed } from './models.js';
import { sequential } from './sequential.js';
import { session, sessionGuarantees } from './sessions.js';
import type { CheckLimits, CheckVerdict, Property } from './verdict.js';

/** The properties of histories, by the word that asks for them. */
export const propertyGroups = {
  linearizable: ['linearizable'],
  sequential: ['sequential'],
  causal: ['causal'],
  sessions: sessionGuarantees,
} as const satisfies Readonly<Record<string, readonly Property[]>>;
export type PropertyGroup = keyof typeof propertyGroups;
export type HistoryProperty = (typeof propertyGroups)[PropertyGroup][number];

export interface CheckSettings {
  /** What the history is judged against. Default: the object that the history names. */
  readonly model?: Model;
  readonly limits?: CheckLimits;
}

/** Errors: RangeError when nobody says what object it is a history of, or its initial state is none of that object. */
export function check(
  history: History,
  property: HistoryProperty,
  { model, limits = {} }: CheckSettings = {},
): CheckVerdict {
  const given = model ?? modelNamed(history.object ?? '');
  if (given === undefined) throw new RangeError('The history does not say what object it is of: give a model.');
  const begun = begunWith(given, history.initial);
  const { operations } = history;
  switch (property) {
    case 'linearizable':
      return linearizable(operations, begun, limits);
    case 'sequential':
      return sequential(operations, begun, limits);
    case 'causal':
      return causal(operations, begun, limits);
    default:
      return session(operations, begun, property, limits);
  }
}
