import { defineConfig } from 'vite';

/** Charts show the names of functions: guards, actions and what an `assign` calls. */
const rolldownOptions = { output: { keepNames: true } };

/** The page, its worker and the worker that lays charts out, into dist/inspector: files that any server can hand out. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: {
    outDir: '../../../dist/inspector',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions,
  },
  worker: { format: 'es', rolldownOptions },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
