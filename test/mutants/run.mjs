// npm run mutants [RULE …]: breaks each proved rule once, by a small patch, and shows the test that notices.
//
// Works on a copy, never on the checkout. A rule whose mutant survives is not proved: exit 1.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './mutants.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const wanted = process.argv.slice(2);
const chosen = wanted.length === 0 ? mutants : mutants.filter(({ rule }) => wanted.includes(rule));
if (chosen.length === 0) {
  console.error(`no mutant for ${wanted.join(', ')}: there are ${mutants.map(({ rule }) => rule).join(', ')}`);
  process.exit(2);
}

/** A copy of what the tests need; the installed packages are shared. */
function copy() {
  const place = mkdtempSync(join(tmpdir(), 'chorale-mutants-'));
  for (const part of ['machines', 'runtime', 'examples', 'test', 'bench', 'package.json', 'jest.config.js', 'tsconfig.json']) {
    cpSync(join(root, part), join(place, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  return place;
}

/** Runs the tests of one rule in `place`: the names of those that failed, and how many ran. */
function tests(place, rule, files) {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const args = ['--experimental-vm-modules', '--no-warnings', jest, '-i', '--json', '--bail', '-t', `^(.* )?${rule}[: ]`];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args, ...files],
      { cwd: place, maxBuffer: 2 ** 28, timeout: 180_000 },
      (error, stdout) => {
        try {
          const { testResults, numTotalTests, numPendingTests } = JSON.parse(stdout);
          const failed = testResults.flatMap(({ assertionResults }) =>
            assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => title),
          );
          const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
          resolve({ failed, ran: numTotalTests - numPendingTests, broken: broken.map(({ message }) => message) });
        } catch {
          // a run that had to be killed noticed the mutant as well: the rule's test would not have passed
          resolve({ failed: error?.killed ? ['(the test did not end)'] : [], ran: 0, broken: [String(error)] });
        }
      },
    );
  });
}

const survivors = [];
async function worker(queue) {
  const place = copy();
  try {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { rule, file, find, replace, tests: files } = mutant;
      const path = join(place, file);
      const source = readFileSync(path, 'utf8');
      if (source.split(find).length !== 2) {
        survivors.push(`${rule}: the patch no longer fits ${file} (it must fit exactly one place)`);
        continue;
      }
      writeFileSync(path, source.replace(find, () => replace));
      const { failed, broken } = await tests(place, rule, files);
      writeFileSync(path, source);
      console.log(`${rule}  ${file}\n  - ${find.trim().replaceAll('\n', '\n  - ')}\n  + ${replace.trim().replaceAll('\n', '\n  + ')}`);
      if (failed.length > 0) console.log(`  noticed by: ${failed[0]}\n`);
      else {
        survivors.push(`${rule}: nobody noticed${broken.length > 0 ? ` (the tests did not run: ${broken[0]})` : ''}`);
        console.log('  SURVIVED\n');
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const queue = [...chosen];
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, () => worker(queue)));
console.log(`${chosen.length} mutants, ${survivors.length} survived`);
for (const survivor of survivors) console.error(survivor);
if (survivors.length > 0) process.exitCode = 1;
