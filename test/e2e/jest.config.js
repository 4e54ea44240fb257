import base from '../../jest.config.js';

/** The inspector in a real browser. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/inspector*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // the charts' own tests count what of them is taken
  reporters: ['default'],
};
