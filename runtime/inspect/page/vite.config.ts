import { defineConfig } from 'vite';

/** The page, its worker and the worker that lays charts out, into dist/inspector: files that any server can hand out. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: { outDir: '../../../dist/inspector', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false } },
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
