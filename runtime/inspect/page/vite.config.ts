import { defineConfig } from 'vite';

/** Charts show the names of the machines' rules, so these are no shorter there than in the source. */
const named = { output: { keepNames: true } };

/** The page, its worker and the worker that lays charts out, into dist/inspector: files that any server can hand out. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
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
