/** One process a core; the sources run through swc as the ES modules that they are. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These need a browser: npm run test:e2e.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/inspector'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.(ts|[cm]?js)$': [
      '<rootDir>/test/transform.mjs',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // of the dependencies those that a simulation is busy with
  transformIgnorePatterns: ['/node_modules/(?!(immer|msgpackr|pure-rand|xstate)/)'],
  moduleNameMapper: {
    '^chorale$': '<rootDir>/runtime/index.ts',
    '^chorale/machines$': '<rootDir>/machines/index.ts',
    '^chorale/check$': '<rootDir>/runtime/check/index.ts',
    '^chorale/testing$': '<rootDir>/runtime/testing.ts',
    '^chorale/storage$': '<rootDir>/runtime/storage/index.ts',
    '^chorale/inspect$': '<rootDir>/runtime/inspect/index.ts',
    '^chorale/explore$': '<rootDir>/runtime/explore/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFilesAfterEnv: ['<rootDir>/test/charts/setup.ts'],
  reporters: ['default', '<rootDir>/test/charts/reporter.mjs'],
  // Half of the tests are one long run of seeds: all cores, or they wait for each other.
  maxWorkers: '100%',
  testTimeout: 60_000,
};
