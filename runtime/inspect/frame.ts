/**
 * What goes to the page as bytes: lines of the trace as they stand in a file, which the page makes columns of in its worker; or columns
 * that a simulation has made already. The first byte says which. All else is text: one report, as JSON.
 */
import { type Chunk, NONE, type StepChunk } from './timeline/chunk.js';

const LINES = 0;
const COLUMNS = 1;

/** Columns by name, with the kind of array that they are. */
const arrays = { f: Float64Array, i: Int32Array, u: Uint32Array, b: Uint8Array } as const;
const chunkColumns = {
  t: 'f',
  kind: 'b',
  node: 'i',
  actor: 'i',
  peer: 'i',
  peerActor: 'i',
  word: 'i',
  before: 'i',
  after: 'i',
  amount: 'i',
  cause: 'i',
  sent: 'i',
  control: 'b',
  requests: 'i',
  requestsAt: 'u',
} as const satisfies Partial<Record<keyof Chunk, keyof typeof arrays>>;
const stepColumns = { place: 'i', node: 'i', actor: 'i', transition: 'i' } as const;

type ColumnsOf<Names extends Record<string, keyof typeof arrays>> = {
  [Name in keyof Names]: InstanceType<(typeof arrays)[Names[Name]]>;
};

interface Head {
  readonly chunk: Pick<Chunk, 'from' | 'count' | 'words' | 'whole'>;
  readonly steps: Pick<StepChunk, 'from'> | null;
  /** Lengths of all columns, in the order of the two lists above. */
  readonly lengths: readonly number[];
}

export type Frame =
  | { readonly is: 'lines'; readonly text: string }
  | { readonly is: 'columns'; readonly chunk: Chunk; readonly steps: StepChunk | null };

/** Of lines as UTF-8. */
export function linesFrame(lines: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + lines.length);
  bytes[0] = LINES;
  bytes.set(lines, 1);
  return bytes;
}

/** Every column begins at a multiple of eight bytes, as arrays of numbers must. */
const padded = (length: number): number => Math.ceil(length / 8) * 8;

export function columnsFrame(chunk: Chunk, steps: StepChunk | null): Uint8Array<ArrayBuffer> {
  const columns: ArrayBufferView[] = [
    ...Object.keys(chunkColumns).map((name) => chunk[name as keyof typeof chunkColumns]), // its own keys
    ...(steps === null ? [] : Object.keys(stepColumns).map((name) => steps[name as keyof typeof stepColumns])), // as above
  ];
  const { from, count, words, whole } = chunk;
  const head: Head = {
    chunk: { from, count, words, whole },
    steps: steps === null ? null : { from: steps.from },
    lengths: columns.map(({ byteLength }) => byteLength),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const begin = padded(8 + text.length);
  const bytes = new Uint8Array(columns.reduce((sum, { byteLength }) => sum + padded(byteLength), begin));
  bytes[0] = COLUMNS;
  new DataView(bytes.buffer).setUint32(4, text.length);
  bytes.set(text, 8);
  let at = begin;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += padded(byteLength);
  }
  return bytes;
}

/** The columns are views of `bytes`, not copies. Throws where it is none of these frames. */
export function frameOf(bytes: ArrayBuffer): Frame {
  const [kind] = new Uint8Array(bytes, 0, 1);
  if (kind === LINES) return { is: 'lines', text: new TextDecoder().decode(new Uint8Array(bytes, 1)) };
  if (kind !== COLUMNS) throw new RangeError(`no frame begins with ${kind}`);
  const length = new DataView(bytes).getUint32(4);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length))) as Head; // columnsFrame wrote it
  let at = padded(8 + length);
  let column = 0;
  const taken = <Names extends Record<string, keyof typeof arrays>>(names: Names): ColumnsOf<Names> => {
    const entries = Object.entries(names).map(([name, kind]) => {
      const size = head.lengths[column] ?? NONE;
      const Numbers = arrays[kind];
      const values = new Numbers(bytes, at, size / Numbers.BYTES_PER_ELEMENT);
      at += padded(size);
      column += 1;
      return [name, values];
    });
    return Object.fromEntries(entries) as ColumnsOf<Names>; // by the very names
  };
  const chunk: Chunk = { ...head.chunk, ...taken(chunkColumns) };
  return { is: 'columns', chunk, steps: head.steps === null ? null : { ...head.steps, ...taken(stepColumns) } };
}
