/** A file is read in parts, and what is read of a trace is handed on in whole lines. */

/** Bytes that are read at once. Smaller, and a page draws more often than it reads; larger, and it stands still for longer than is seen. */
export const PART = 2 * 1024 * 1024;

const NEWLINE = 10;

/** The same bytes, cut where a line ends. The last line need not have an end. */
export async function* wholeLines(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  for await (const part of parts) {
    const end = part.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield joined([...rest, part.subarray(0, end)]);
      rest = [];
    }
    if (end < part.length) rest.push(part.slice(end)); // a copy, for who reads may use the part again
  }
  if (rest.length > 0) yield joined(rest);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
