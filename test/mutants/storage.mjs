/** CH-4, where a disk is real: what is acknowledged is kept, what is not is there as a whole or not at all. */
const tests = ['test/runtime/stable-storage.test.ts'];

export const storage = [
  {
    rule: 'CH-4',
    breaks: 'a sync on disk calls back when what came before it is not written',
    file: 'runtime/storage/level.ts',
    find: 'this.#next.told.push(refusal === null ? done : () => done(refusal));',
    replace: '(this.#writing ?? this.#next).told.push(refusal === null ? done : () => done(refusal));',
    tests,
    name: 'CH-4: what is written while a sync is under way',
  },
  {
    rule: 'CH-4',
    breaks: 'a database that is closed drops what it has not written',
    file: 'runtime/storage/level.ts',
    find: 'await new Promise<void>((resolve) => this.#sync(() => resolve()));',
    replace: '',
    tests,
    name: 'CH-4: what was written before it was closed',
  },
  {
    rule: 'CH-4',
    breaks: 'a file on disk that is replaced still begins where it began',
    file: 'runtime/storage/level-layout.ts',
    find: 'if (!replaces && number > 0) return [chunk];',
    replace: 'if (number > 0) return [chunk];',
    tests,
    name: 'CH-4: a file is replaced as a whole',
  },
  {
    rule: 'CH-4',
    breaks: 'a part of a file that is missing is passed over',
    file: 'runtime/storage/level.ts',
    find: 'if (bytes === undefined) throw failed(',
    replace: 'if (bytes === undefined) return new Uint8Array();\n    if (number < 0) throw failed(',
    tests,
    name: 'CH-4: where something that was synced is missing',
  },
  {
    rule: 'CH-4',
    breaks: 'after a restart, numbers of chunks are used again',
    file: 'runtime/storage/level-layout.ts',
    find: 'const next = Math.max(first, (await endOf(true)) ?? first) + 1;',
    replace: 'const next = Math.max(first, (await endOf(true)) ?? first);',
    tests,
    name: 'CH-4: what was synced is read after it is opened again',
  },
  {
    rule: 'CH-4',
    breaks: 'what one batch wrote to a file may be there without the rest of the batch',
    file: 'runtime/storage/level.ts',
    find: 'await this.#database.batch([...batch.writes.values()].flatMap(operations), { sync: true });',
    replace:
      'for (const one of [...batch.writes.values()].flatMap(operations)) await this.#database.batch([one], { sync: true });',
    tests,
    name: 'CH-4: wherever its log is torn',
  },
  {
    rule: 'CH-4',
    breaks: 'two names of files lead to the same place',
    file: 'runtime/storage/level-layout.ts',
    find: 'encodeURIComponent(file)',
    replace: "encodeURIComponent(file).replaceAll('%2F', '/')",
    tests,
    name: 'CH-4: files are apart',
  },
];
