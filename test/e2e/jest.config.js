import base from '../../jest.config.js';

/** The inspector in a real browser, one test after another: they measure what a page does. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/inspector*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  // the charts' own tests count what of them is taken
  reporters: ['default'],
};
