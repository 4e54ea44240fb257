/**
 * Checks as matchers of jest and vitest: `expect.extend(historyMatchers)`, then `expect(history).toBeLinearizable()`.
 * They are plain functions: nothing of a test runner is imported here.
 */
import { check, type HistoryProperty } from './check.js';
import type { History, Operation } from './history.js';
import type { Model } from './model.js';
import type { CheckLimits } from './verdict.js';
import { inWords } from './wording.js';

/** A history, or its operations alone. */
export type Checked = History | readonly Operation[];

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Parts of up to so many operations are shown whole. */
const SHOWN = 20;

/**
 * Each takes the model, unless the history names its object, and the limits. A check that runs out of time or memory
 * fails, and so does its negation: it is not known to hold, nor to be violated. Errors: RangeError without a model.
 */
export const historyMatchers = {
  toBeLinearizable: matcher('linearizable'),
  toBeSequential: matcher('sequential'),
  toBeCausal: matcher('causal'),
  toReadYourWrites: matcher('read your writes'),
  toHaveMonotonicReads: matcher('monotonic reads'),
  toHaveMonotonicWrites: matcher('monotonic writes'),
  toHaveWritesFollowReads: matcher('writes follow reads'),
};

function matcher(property: HistoryProperty) {
  return function match(
    this: { readonly isNot?: boolean } | undefined,
    received: Checked,
    model?: Model,
    limits?: CheckLimits,
  ): MatcherResult {
    const history = 'operations' in received ? received : { object: null, initial: undefined, operations: received };
    const verdict = check(history, property, {
      ...(model === undefined ? {} : { model }),
      ...(limits === undefined ? {} : { limits }),
    });
    const what = `The history of ${history.operations.length} operations`;
    switch (verdict.verdict) {
      case 'holds':
        return { pass: true, message: () => `${what} has the property "${property}", and should not.` };
      case 'unknown':
        return {
          pass: this?.isNot === true,
          message: () => `Whether the history has the property "${property}" is unknown. ${verdict.why}`,
        };
      default:
        return {
          pass: false,
          message: () =>
            `${what} does not have the property "${property}". ${verdict.why}\n\nThe smallest part that fails:\n${lines(verdict.part, verdict.impossible)}`,
        };
    }
  };
}

function lines(part: readonly Operation[], impossible: Operation): string {
  const some = [...part].sort((a, b) => a.call - b.call).slice(0, SHOWN);
  const told = some.map((operation) => {
    const mark = operation === impossible ? '✗' : ' ';
    return `${mark} process ${operation.process}  ${operation.call}..${operation.return ?? ''}  ${inWords(operation)}`;
  });
  return [...told, ...(part.length > SHOWN ? [`  … ${part.length - SHOWN} more`] : [])].join('\n');
}

/** What the matchers are to those who call them. */
export interface HistoryMatchers<Result> {
  toBeLinearizable(model?: Model, limits?: CheckLimits): Result;
  toBeSequential(model?: Model, limits?: CheckLimits): Result;
  toBeCausal(model?: Model, limits?: CheckLimits): Result;
  toReadYourWrites(model?: Model, limits?: CheckLimits): Result;
  toHaveMonotonicReads(model?: Model, limits?: CheckLimits): Result;
  toHaveMonotonicWrites(model?: Model, limits?: CheckLimits): Result;
  toHaveWritesFollowReads(model?: Model, limits?: CheckLimits): Result;
}
