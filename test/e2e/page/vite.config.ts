import { defineConfig } from 'vite';

/** The pages of the browser tests: views of the inspector by themselves. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: { emptyOutDir: true, target: 'es2022', rolldownOptions: { input: `${import.meta.dirname}/charts.html` } },
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
