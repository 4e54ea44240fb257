/** Times on the command line. */
import { InvalidArgumentError } from 'commander';
import { ChoraleError } from '../errors.js';
import { parseFault } from '../simulate/faults.js';

/** Least and most ms. */
export function delay(text: string): readonly [number, number] {
  const parsed = readDelay(text);
  if (parsed === null) throw new InvalidArgumentError('It is a time such as 5ms, or a range such as 1..20ms.');
  return parsed;
}

/** ms, of a text such as 500ms or 10s. */
export function timeout(text: string): number {
  const [least, most] = readDelay(text) ?? [0, 1];
  if (least !== most || least < 1 || least > 2 ** 31 - 1)
    throw new InvalidArgumentError('It is a time such as 500ms or 10s.');
  return least;
}

/** Times are written as in the fault `delay:1..20ms`; ms where there is no unit. Null when the text is no time. */
function readDelay(text: string): readonly [number, number] | null {
  if (text.includes('@')) return null; // a delay that begins or ends is a fault
  try {
    const parsed = parseFault(`delay:${text}`);
    return parsed.kind === 'delay' ? [parsed.least, parsed.most] : null;
  } catch (error) {
    if (error instanceof ChoraleError) return null;
    throw error;
  }
}
