import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { propertyGroups } from '../runtime/check/check.js';
import { models } from '../runtime/check/models.js';
import { errorCodes } from '../runtime/errors.js';
import { faultForms } from '../runtime/simulate/faults.js';

const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const sources = (folder: string): string[] =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => text(`${folder}/${path}`));

describe('what the documents say is what there is', () => {
  test('docs/errors.md lists every code, and no other', () => {
    const listed = [...text('docs/errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(errorCodes).sort((a, b) => listed.indexOf(a) - listed.indexOf(b)));
  });

  test('every code is used by the sources', () => {
    const all = [...sources('machines'), ...sources('runtime')]
      .filter((source) => !source.includes('export const errorCodes'))
      .join('\n');
    expect(Object.keys(errorCodes).filter((code) => !all.includes(`'${code}'`))).toEqual([]);
  });

  test('docs/faults.md shows every kind of fault', () => {
    const page = text('docs/faults.md');
    for (const form of faultForms) expect(page).toContain(`\`${form.slice(0, form.indexOf(':') + 1)}`);
  });

  test('docs/checking.md lists every object, its operations, and what a history can be checked for', () => {
    const page = text('docs/checking.md');
    for (const { name, operations } of Object.values(models)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      for (const operation of Object.keys(operations)) expect(row).toContain(`\`${operation}\``);
    }
    for (const property of Object.keys(propertyGroups)) expect(page).toContain(`\`${property}\``);
  });

  test('the README names documents that are there', () => {
    for (const [, path] of text('README.md').matchAll(/\]\(((?:docs\/)?[\w.-]+\.md)\)/g))
      expect(text(path as string)).not.toBe('');
  });
});

describe('mutants', () => {
  interface Mutant {
    readonly rule: string;
    readonly breaks: string;
    readonly file: string;
  }

  test('each of them fits the sources: what it replaces stands there exactly once', async () => {
    const from = (name: string) => import(new URL(`./mutants/${name}.mjs`, import.meta.url).href);
    const { mutants, fits }: { mutants: Mutant[]; fits(source: string, mutant: Mutant): boolean } =
      await from('mutants');
    const { checked }: { checked: Mutant[] } = await from('checked');
    const all = [...mutants, ...checked];
    expect(all.length).toBeGreaterThan(300);
    const unfit = all.filter((mutant) => !fits(text(mutant.file), mutant));
    expect(unfit.map(({ rule, breaks }) => `${rule}: ${breaks}`)).toEqual([]);
  });
});
