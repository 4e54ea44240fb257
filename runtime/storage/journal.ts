/**
 * Records one after another in a file, each of which is found whole or not at all:
 *
 *     length of the record (4 bytes) · CRC-32 of length and record (4 bytes) · the record      (little end first)
 *
 * A crash can leave the end of the last write missing, or not what it should be. Reading stops at the first record that is
 * not sound, and nothing that comes after it is believed: what follows a torn write was never synced.
 */

const HEAD = 8;

/** The bytes of these records, to be put at the end of the file. */
export function journalBytes(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + HEAD + length, 0));
  const view = new DataView(bytes.buffer);
  let start = 0;
  for (const record of records) {
    view.setUint32(start, record.length, true);
    bytes.set(record, start + HEAD);
    view.setUint32(start + 4, checksum(bytes, start, record.length), true);
    start += HEAD + record.length;
  }
  return bytes;
}

export interface JournalContents {
  readonly records: readonly Uint8Array[];
  /** Bytes of the file up to the end of the last sound record: the rest is to be cut off before anything is appended. */
  readonly sound: number;
}

export function readJournal(bytes: Uint8Array): JournalContents {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  let start = 0;
  while (start + HEAD <= bytes.length) {
    const length = view.getUint32(start, true);
    const end = start + HEAD + length;
    if (end > bytes.length || view.getUint32(start + 4, true) !== checksum(bytes, start, length)) break;
    records.push(bytes.slice(start + HEAD, end));
    start = end;
  }
  return { records, sound: start };
}

/** The length is part of it: a page of zeros is no row of empty records. */
function checksum(bytes: Uint8Array, start: number, length: number): number {
  let crc = crcOver(bytes, start, start + 4, -1);
  crc = crcOver(bytes, start + HEAD, start + HEAD + length, crc);
  return ~crc >>> 0;
}

/** CRC-32 as in ISO 3309, polynomial 0xEDB88320: the remainder of each byte is looked up. */
const remainders = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crcOver(bytes: Uint8Array, start: number, end: number, before: number): number {
  let crc = before;
  // both indexes are in range: one is within the bytes, the other is a byte
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (remainders[(crc ^ (bytes[i] as number)) & 255] as number);
  return crc;
}
