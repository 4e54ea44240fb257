/**
 * Operations, and why one of them cannot be, in words.
 */
import type { Json, Operation } from './history.js';
import { isList } from './json.js';

/** `get("x") → "1"`, `cas("x", "1", "2") → true`, `put("x", "1")`. */
export function inWords({ op, key, input, output, return: returned }: Operation): string {
  const inputs = input === null ? [] : isList(input) ? input : [input];
  const given = [...(key === null ? [] : [key]), ...inputs].map((value) => JSON.stringify(value)).join(', ');
  if (returned === null) return `${op}(${given}), which never returned`;
  return output === null && input !== null ? `${op}(${given})` : `${op}(${given}) → ${JSON.stringify(output)}`;
}

/** How many operations a sentence lists. */
const LISTED = 6;

/** What stands before the impossible operation and beside it, and what it would have returned. */
export interface Reason {
  readonly impossible: Operation;
  /** Those of the part that had returned before it began. */
  readonly before: readonly Operation[];
  /** Those that were under way with it. */
  readonly beside: readonly Operation[];
  readonly outputs: readonly Json[];
  /** There are no other outputs that it could have returned. */
  readonly all: boolean;
}

export function reasonInWords({ impossible, before, beside, outputs, all }: Reason): string {
  const sentences = [`${inWords(impossible)} cannot be`];
  if (before.length > 0) sentences[0] += `: it began after ${listed(before.map(inWords))} had returned`;
  sentences[0] += '.';
  if (beside.length > 0)
    sentences.push(
      `${capital(listed(beside.map(inWords)))} ${beside.length > 1 ? 'were' : 'was'} under way meanwhile.`,
    );
  if (outputs.length > 0) {
    const could = listed(
      outputs.map((output) => JSON.stringify(output)),
      'or',
    );
    sentences.push(
      all ? `Whatever else happened, it would have returned ${could}.` : `It might have returned ${could}, not that.`,
    );
  }
  return sentences.join(' ');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function listed(texts: readonly string[], last = 'and'): string {
  if (texts.length < 2) return texts.join('');
  if (texts.length > LISTED) return `${texts.slice(-LISTED).join(', ')} ${last} ${texts.length - LISTED} more`;
  return `${texts.slice(0, -1).join(', ')} ${last} ${texts.at(-1)}`;
}
