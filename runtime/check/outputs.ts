/**
 * What an operation would have returned, had the others returned what they did.
 */
import type { Budget } from './budget.js';
import type { Json, Operation } from './history.js';
import { textOf } from './json.js';
import type { Question } from './question.js';
import { search } from './search.js';

export interface Outputs {
  readonly outputs: readonly Json[];
  /** There are no others. */
  readonly all: boolean;
}

/** How many are looked for. */
const MOST = 6;
/** Milliseconds that one search may take. */
const TRY = 200;

/** `at`: the place of a required operation. */
export function outputsOf(question: Question, at: number, budget: Budget): Outputs {
  const offers = new Map<string, Json>();
  let { all } = collect(question, at, offers, budget);
  const outputs: Json[] = [];
  for (const output of offers.values()) {
    const { outcome } = search(returning(question, at, output), budget.part(TRY));
    if (outcome === 'placed') outputs.push(output);
    all &&= outcome !== 'spent';
  }
  return { outputs, all };
}

/** Nothing returns it. */
const NEVER: Json = { never: true };

/** Tries the operation wherever it could be placed, and never places it. */
function collect(question: Question, at: number, offers: Map<string, Json>, budget: Budget): { readonly all: boolean } {
  const { model } = question;
  const asked = returning(question, at, NEVER);
  const operation = asked.operations[at];
  let more = false;
  const apply: typeof model.apply = (state, other) => {
    const step = model.apply(state, other);
    if (other !== operation) return step;
    const text = textOf(step.output);
    if (offers.size < MOST) offers.set(text, step.output);
    else more ||= !offers.has(text);
    return { state: step.state, output: null };
  };
  const { outcome } = search({ ...asked, model: { ...model, apply } }, budget.part(TRY));
  return { all: outcome === 'stuck' && !more };
}

/** The question in which the operation returned something else. */
function returning(question: Question, at: number, output: Json): Question {
  const operations = question.operations.map(
    (operation, i): Operation => (i === at ? { ...operation, output } : operation),
  );
  return { ...question, operations };
}
