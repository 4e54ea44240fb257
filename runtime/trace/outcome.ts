/**
 * What a client was told, in a word, as the trace has it.
 */
import type { Serializable } from '../../machines/shared/serializable.js';

/** The value, or the error's code. */
export function outcomeText(outcome: Serializable): string {
  // the trace writes outcomes as docs/trace.md says
  const { ok, value, error } = outcome as { ok: boolean; value?: Serializable; error?: { code: string } };
  if (!ok) return error?.code ?? 'an error';
  return value === undefined ? 'done' : JSON.stringify(value);
}
