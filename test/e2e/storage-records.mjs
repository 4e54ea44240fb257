// What the process that is killed writes, and what the test finds: records whose every byte follows from their number.

/** @param {number} number @param {string} [stands] for all records up to this one */
export function recordOf(number, stands = 'itself') {
  return new TextEncoder().encode(`${number}|${stands}|${String(number).repeat((number * 7) % 90)}`);
}

/**
 * The records are a row without a gap, each as it was written; only the first may stand for all before it.
 *
 * @param {readonly Uint8Array[]} records
 * @returns {{ last: number, wrong: string | null }}
 */
export function summaryOf(records) {
  let last = 0;
  for (const [i, bytes] of records.entries()) {
    const text = new TextDecoder().decode(bytes);
    const [number, stands] = text.split('|');
    if (i > 0 || stands === 'itself') {
      if (Number(number) !== last + 1) return { last, wrong: `record ${number} follows ${last}` };
    }
    last = Number(number);
    if (text !== new TextDecoder().decode(recordOf(last, i === 0 ? stands : 'itself'))) {
      return { last, wrong: `record ${last} is not as it was written` };
    }
  }
  return { last, wrong: null };
}
