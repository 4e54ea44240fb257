// npm run mutants [RULE …] [--checked | --tested]: breaks each proved rule, by a small patch, and shows what notices.
//
// Works on copies, never on the checkout. There are two kinds of mutants. One is noticed when a test whose name carries the
// rule's id fails, and by nothing else: a test that did not run, did not compile or did not end proves nothing. The other
// is noticed when a checker finds a violation: `chorale sim` within 2,000 seeds, or `chorale explore` (--checked: only
// these). A rule whose mutant survives is not proved, and neither is one that a test names and no mutant breaks: exit 1.
// WORKERS=n sets how many run at once. --write puts what each checker found into docs/mutants.md, and keeps the rest of it.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { checked } from './checked.mjs';
import { fits, mutants as tested } from './mutants.mjs';

/** ms that the tests, or the checker, of one mutant may take. */
const LIMIT = 240_000;
/** Seeds within which a simulation must find a violation. */
const SEEDS = 2_000;
const PARTS = [
  'machines',
  'runtime',
  'examples',
  'test',
  'bench',
  'dist',
  'package.json',
  'jest.config.js',
  'tsconfig.json',
];

const root = fileURLToPath(new URL('../../', import.meta.url));
const running = new Set();
/** Mutant → what a checker found. */
const found = new Map();
let interrupted = false;

/** A test's name may carry several ids: `AR-4: AR-5: …`, `MC-1, MC-9: …`. */
const carries = (rule, name) => new RegExp(`(^| )${rule}[,:]`).test(name);

/** The rules that some test names, and no mutant breaks. */
function rulesWithoutMutant() {
  const files = readdirSync(join(root, 'test'), { recursive: true }).filter((name) => name.endsWith('.test.ts'));
  const titles = files.flatMap((name) =>
    readFileSync(join(root, 'test', name), 'utf8').match(/(['"`])(?:[A-Z]{2}-\d+[,:] )+/g),
  );
  const named = new Set(titles.flatMap((title) => title?.match(/[A-Z]{2}-\d+/g) ?? []));
  for (const { rule } of tested) named.delete(rule);
  return [...named];
}

/** A copy of what the tests need; the installed packages are shared. */
function copy() {
  const place = mkdtempSync(join(tmpdir(), 'chorale-mutants-'));
  for (const part of PARTS) cpSync(join(root, part), join(place, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  return place;
}

/** Runs a script in `place`, and gives what it wrote; `ended` says that it was not killed. */
function runScript(place, script, args) {
  const { SEED: _seed, SEEDS: _seeds, ...env } = process.env; // all seeds, whatever was being replayed
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...args.node, script, ...args.script], {
      cwd: place,
      env: { ...env, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
    let output = '';
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        if (stream === child.stdout) printed += text;
      });
    }
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ output, printed, code, ended: signal === null });
    });
  });
}

/** The names of the rule's tests that failed, or why there are none. */
async function failuresOf(place, { rule, tests, name }) {
  const result = join(place, 'result.json');
  const pattern = name === undefined ? `(^| )${rule}[,:]` : name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const cache = join(place, '.cache');
  const { output, ended } = await runScript(place, join(root, 'node_modules/jest/bin/jest.js'), {
    node: ['--experimental-vm-modules', '--no-warnings', '--expose-gc'],
    script: ['-i', '--json', '--outputFile', result, '--cacheDirectory', cache, '-t', pattern, ...tests],
  });
  if (!ended) return { failed: [], why: `the tests did not end within ${LIMIT / 1000} s` };
  if (!existsSync(result)) return { failed: [], why: `the tests did not run: ${output.trim().slice(-500)}` };
  const { testResults } = JSON.parse(readFileSync(result, 'utf8'));
  rmSync(result);
  const ran = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status, fullName }) => status !== 'pending' && carries(rule, fullName));
  const failed = ran.filter(({ status }) => status === 'failed').map(({ title }) => title);
  const broken = testResults.find(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  if (broken !== undefined)
    return { failed, why: `${broken.name} did not run: ${broken.message.trim().slice(0, 500)}` };
  return { failed, why: ran.length === 0 ? `no test of ${rule} ran` : `${ran.length} tests of ${rule} passed` };
}

/** What the compiler has against the files of a rule that a type keeps. */
async function errorsIn(place, { types }) {
  const project = join(place, 'types.json');
  writeFileSync(project, JSON.stringify({ extends: './tsconfig.json', include: [], files: types }));
  const { output, ended } = await runScript(place, join(root, 'node_modules/@typescript/native/bin/tsc'), {
    node: [],
    script: ['-p', project, '--pretty', 'false'],
  });
  rmSync(project);
  const failed = output.split('\n').filter((line) => types.some((file) => line.startsWith(`${file}(`)));
  return { failed, why: ended ? 'the compiler is content' : `the compiler did not end within ${LIMIT / 1000} s` };
}

/** What the checker named by the mutant finds in the compiled sources, of which the broken one is compiled anew. */
async function foundBy(place, { by, file }) {
  const compiled = join(place, 'dist', file.replace(/\.ts$/, '.js'));
  const before = readFileSync(compiled, 'utf8');
  const { outputText } = ts.transpileModule(readFileSync(join(place, file), 'utf8'), {
    compilerOptions: { target: 'es2022', module: 'esnext', verbatimModuleSyntax: true },
  });
  writeFileSync(compiled, outputText);
  const bounds = by[0] === 'sim' ? ['--seeds', `1..${SEEDS}`, '--jobs', '1', '--violations', '1', '--no-shrink'] : [];
  const { printed, output, code, ended } = await runScript(place, join(place, 'dist/runtime/cli/main.js'), {
    node: [],
    script: [...by, ...bounds, '--json'],
  });
  writeFileSync(compiled, before);
  if (!ended) return { failed: [], why: `chorale ${by.join(' ')} did not end within ${LIMIT / 1000} s` };
  if (code === 0) return { failed: [], why: `chorale ${by.join(' ')} found nothing` };
  if (code !== 1)
    return { failed: [], why: `chorale ${by.join(' ')} ended with ${code}: ${output.trim().slice(-500)}` };
  const [{ seed, property, why }] = JSON.parse(printed).violations;
  const where = seed === undefined ? '' : `seed ${seed}: `;
  return { failed: [`chorale ${by.join(' ')}: ${where}${property}: ${why}`], where: `${where}${property}` };
}

const marked = (mark, text) =>
  text
    .trim()
    .split('\n')
    .map((line) => `  ${mark} ${line}`);

/** Applies one mutant, runs what should notice it, and takes it back. Says why it survived, or null. */
async function trial(place, mutant, label) {
  const { rule, breaks, file, find, replace } = mutant;
  const path = join(place, file);
  const source = readFileSync(path, 'utf8');
  const started = performance.now();
  let verdict = { failed: [], why: `the patch does not fit: its text must stand exactly once in ${file}` };
  if (fits(source, mutant)) {
    writeFileSync(
      path,
      source.replace(find, () => replace),
    );
    if (mutant.by !== undefined) verdict = await foundBy(place, mutant);
    else verdict = await (mutant.types === undefined ? failuresOf(place, mutant) : errorsIn(place, mutant));
    writeFileSync(path, source);
  }
  if (interrupted) return null;
  if (verdict.where !== undefined) found.set(mutant, verdict.where);
  const [first] = verdict.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const outcome = first === undefined ? `  SURVIVED: ${verdict.why}` : `  noticed by: ${first}`;
  const patch = [...marked('-', find), ...marked('+', replace)];
  console.log([`${label} ${rule}: ${breaks}`, `  ${file}`, ...patch, `${outcome}  (${seconds} s)`, ''].join('\n'));
  return first === undefined ? `${rule}: ${breaks}: ${verdict.why.split('\n')[0]}` : null;
}

async function worker(queue, total, survivors) {
  const place = copy();
  try {
    for (let mutant = queue.shift(); mutant !== undefined && !interrupted; mutant = queue.shift()) {
      const survivor = await trial(place, mutant, `[${total - queue.length}/${total}]`);
      if (survivor !== null) survivors.push(survivor);
    }
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    process.exitCode = 130;
    for (const child of running) child.kill('SIGKILL');
  });
}

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const mutants = [...(options.includes('--checked') ? [] : tested), ...(options.includes('--tested') ? [] : checked)];
const strange = options.filter((option) => !['--checked', '--tested', '--write'].includes(option));
const unknown = wanted.filter((rule) => !mutants.some((mutant) => mutant.rule === rule));
if (strange.length + unknown.length > 0) {
  const rules = new Set(mutants.map(({ rule }) => rule));
  console.error(`no mutant or option ${[...strange, ...unknown].join(', ')}: there are ${[...rules].join(', ')}`);
  process.exit(2);
}
const chosen = wanted.length === 0 ? mutants : mutants.filter(({ rule }) => wanted.includes(rule));
if (!existsSync(join(root, 'dist/runtime/cli/main.js'))) {
  console.error('dist/ is not there: npm run build first');
  process.exit(2);
}
const survivors = [];
const queue = [...chosen];
const workers = Math.min(Number(process.env.WORKERS) || availableParallelism(), chosen.length);
await Promise.all(Array.from({ length: workers }, () => worker(queue, chosen.length, survivors)));
if (!interrupted) {
  const missing = wanted.length === 0 && !options.includes('--checked') ? rulesWithoutMutant() : [];
  for (const survivor of survivors) console.error(survivor);
  for (const rule of missing) console.error(`${rule}: a test names it, and no mutant breaks it`);
  console.log(`${chosen.length} mutants, ${survivors.length} survived`);
  if (survivors.length + missing.length > 0) process.exitCode = 1;
  if (options.includes('--write')) writePage();
}

/** What the page says of the mutants that did not run now: this has cost hours, and only a change of theirs makes it untrue. */
function knownBefore() {
  const path = join(root, 'docs/mutants.md');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const rows = lines.map((line) => /^(\|.*\|) ([^|]+) \|$/.exec(line)).filter((row) => row !== null);
  return new Map(rows.map(([, mutant, as]) => [mutant, as]));
}

function writePage() {
  const before = knownBefore();
  const rows = checked.map((mutant) => {
    const { rule, breaks, file, by } = mutant;
    const row = `| ${rule} | ${breaks} | ${file} | \`${by.join(' ')}\` |`;
    const now = chosen.includes(mutant) ? 'nothing' : undefined;
    return `${row} ${found.get(mutant) ?? now ?? before.get(row) ?? 'not run yet'} |`;
  });
  const page = `# Mutants

Each of these breaks one rule in one place, and a checker finds it: \`chorale sim\` within ${SEEDS.toLocaleString('en')} seeds, or \`chorale explore\`.
\`npm run mutants -- --checked\` runs them all; with \`--write\` it makes this page, and of mutants that it did not run it repeats what
was here. The patches are in test/mutants/checked.mjs and test/mutants/checked-groups.mjs. (\`npm run mutants\` runs these and those that the tests notice.)

| rule | what is broken | where | found by | as |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
  writeFileSync(join(root, 'docs/mutants.md'), page);
}
