/**
 * An operation in words.
 */
import type { Json, Operation } from './history.js';

/** Texts are cut here, so that a sentence stays one. */
const LONGEST = 40;

/** `put("x", 1)`, and `get("x") → 1` where it says more than that it is done. */
export function shown(operation: Operation | undefined): string {
  if (operation === undefined) return 'nothing';
  const { op, key, input, output } = operation;
  const given = [...(key === null ? [] : [value(key)]), ...(input === null ? [] : [value(input)])].join(', ');
  const call = `${op}(${given})`;
  if (operation.return === null) return `${call} that never returned`;
  return output === null && input !== null ? call : `${call} → ${value(output)}`;
}

function value(json: Json): string {
  const text = JSON.stringify(json) ?? 'null';
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
