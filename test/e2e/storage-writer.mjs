// A process for tests to kill: it writes numbered records to a journal on disk for ever, a few a tick, and prints the number
// of the last one that is safe whenever a sync calls back. Now and then it replaces the journal by one record that stands for
// all before. With `once` it ends at the first error instead, and prints what the storage says from then on.
//
//     node storage-writer.mjs FOLDER SEED [once]
import { writeSync } from 'node:fs';
import { journalBytes, readJournal } from '../../dist/runtime/storage/journal.js';
import { levelStorage } from '../../dist/runtime/storage/level.js';
import { recordOf, summaryOf } from './storage-records.mjs';

const [folder, seed, once] = process.argv.slice(2);
let state = Number(seed) >>> 0;
const below = (limit) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const say = (line) => writeSync(1, `${line}\n`);

const storage = (await levelStorage(folder)).storageOf('rm-1');
let last = summaryOf(readJournal(storage.read('journal')).records).last;
let waiting = 0;
let failed = false;
say(`open ${last}`);

function write() {
  if (failed) return;
  if (waiting < 8) {
    for (let i = below(4); i >= 0; i--) {
      last += 1;
      storage.append('journal', journalBytes([recordOf(last)]));
    }
    if (below(20) === 0) storage.replace('journal', journalBytes([recordOf(last, 'all before')]));
    const number = last;
    waiting += 1;
    storage.sync((error) => {
      waiting -= 1;
      if (error === null) say(`safe ${number}`);
      else if (!once) throw error;
      else if (!failed) tell(error);
    });
  }
  setImmediate(write);
}

function tell(error) {
  failed = true;
  const codes = [error.code];
  for (const call of [
    () => storage.append('journal', journalBytes([recordOf(0)])),
    () => storage.replace('journal', journalBytes([recordOf(0)])),
    () => storage.read('journal'),
  ]) {
    try {
      call();
      codes.push('taken');
    } catch (refusal) {
      codes.push(refusal.code);
    }
  }
  storage.sync((again) => {
    say(`failed ${[...codes, again?.code].join(' ')}`);
    process.exit();
  });
}

write();
