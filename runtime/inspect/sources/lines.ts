/** The lines of a file, one after another, and where each is: so that a line can be read again, and none has to be kept. */
export interface Line {
  readonly text: string;
  /** Bytes from the beginning of the file, and to the end of the line. */
  readonly start: number;
  readonly end: number;
}

const NEWLINE = 10;

/** Lines as they come, in lists, so that whoever shows progress can. Empty lines are left out. */
export async function* linesOf(file: Blob): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder();
  const reader = file.stream().getReader();
  let rest = new Uint8Array(0);
  let start = 0;
  for (;;) {
    const { value, done } = await reader.read();
    const bytes = value === undefined ? rest : joined(rest, value);
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const found = bytes.indexOf(NEWLINE, from);
      const end = found >= 0 ? found : done ? bytes.length : -1;
      if (end < 0 || (found < 0 && end === from)) break;
      const text = decoder.decode(bytes.subarray(from, end));
      if (text.trim() !== '') lines.push({ text, start: start + from, end: start + end });
      from = end + 1;
      if (found < 0) break;
    }
    if (lines.length > 0) yield lines;
    if (done) return;
    start += Math.min(from, bytes.length);
    rest = bytes.slice(from);
  }
}

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (a.length === 0) return b;
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
