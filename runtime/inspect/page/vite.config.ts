import { defineConfig } from 'vite';
import type { AnyService } from '../../service/index.js';

/** Charts show the names of the machines' rules, so these are no shorter there than in the source. */
const named = { output: { keepNames: true } };

/** What the parameters of the examples' operations are called: the page's own code has letters for them. As compiled for Node, just before. */
async function parametersOf(example: string): Promise<[service: string, operations: AnyService['operations']]> {
  const file = new URL(`../../../dist/examples/${example}/service.js`, import.meta.url).href;
  const { default: service } = (await import(file)) as { default: AnyService }; // every example's service.ts
  return [service.name, service.operations];
}

/** Asked only when the page is built: then they are there. */
const operationsOfExamples = {
  name: 'operations-of-examples',
  async config() {
    const operations = await Promise.all(['bank', 'counter', 'kv', 'lock-service'].map(parametersOf));
    return { define: { OPERATIONS_OF_EXAMPLES: JSON.stringify(Object.fromEntries(operations)) } };
  },
};

/** The page, its worker and the worker that lays charts out, into dist/inspector: files that any server can hand out. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [operationsOfExamples],
  build: {
    outDir: '../../../dist/inspector',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: named,
  },
  worker: { format: 'es', rolldownOptions: named },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
