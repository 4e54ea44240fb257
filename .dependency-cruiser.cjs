/** Who may lean on whom. The arrows that are forbidden, each with its reason. */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'A circle of imports is one idea cut in two: join it, or find the third module.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'machines-are-pure',
      comment: 'A protocol imports xstate, immer and other machines; never the runtime, never a builtin.',
      severity: 'error',
      from: { path: '^machines/' },
      to: { pathNot: ['^machines/', '^node_modules/(xstate|immer)/'] },
    },
    {
      name: 'checkers-stand-alone',
      comment: 'A checker that shares code with what it checks shares its mistakes.',
      severity: 'error',
      from: { path: '^runtime/check/' },
      to: { pathNot: '^runtime/check/' },
    },
    {
      name: 'exploration-is-of-machines',
      comment: 'What is explored is the machines by themselves; what hosts them in production has no part in it.',
      severity: 'error',
      from: { path: '^runtime/explore/' },
      to: { path: '^runtime/', pathNot: ['^runtime/(explore|check|trace)/', '^runtime/errors\\.ts$'] },
    },
    {
      name: 'coverage-knows-only-charts',
      comment: 'It counts what any chart does, whoever runs it: it needs XState and nothing of the runtime.',
      severity: 'error',
      from: { path: '^runtime/coverage/' },
      to: { pathNot: ['^runtime/coverage/', '^node_modules/xstate/'] },
    },
    {
      name: 'runtime-has-no-examples',
      comment:
        'The framework knows no application but through the command, which loads it by path at run time, and the page, which brings some to show.',
      severity: 'error',
      from: { path: '^runtime/', pathNot: '^runtime/inspect/page/services\\.ts$' },
      to: { path: '^(examples|test|bench)/' },
    },
    {
      name: 'examples-use-the-door',
      comment: 'An example is an application: it imports only what the package exports.',
      severity: 'error',
      from: { path: '^examples/' },
      to: {
        path: '^(machines|runtime)/',
        pathNot: [
          '^runtime/(index|testing|check/index|explore/index|inspect/index|storage/index)\\.ts$',
          '^machines/index\\.ts$',
        ],
      },
    },
    {
      name: 'the-door-is-safe-in-a-browser',
      comment: 'What the door reaches must bundle for a browser: no builtin of Node, no native add-on.',
      severity: 'error',
      from: { path: '^runtime/(check/)?index\\.ts$' },
      to: {
        reachable: true,
        path: '^(node:)?(async_hooks|buffer|child_process|crypto|events|fs|http|https|module|net|os|path|perf_hooks|process|readline|stream|timers|tls|tty|url|util|v8|vm|worker_threads|zlib)(/|$)|^node_modules/classic-level/',
      },
    },
    {
      name: 'other-inspectors-stand-beside',
      comment:
        'They are packages of their own: who only embeds the framework has neither XState 4 nor anything of theirs.',
      severity: 'error',
      from: { path: '^(machines|runtime|examples)/', pathNot: '^runtime/inspect/(xstate4|stately|bridge)/' },
      to: { path: '^runtime/inspect/(xstate4|stately|bridge)/|/node_modules/@(xstate|statelyai)/inspect/' },
    },
    {
      name: 'other-inspectors-know-no-cluster',
      comment: 'They are compiled by themselves, and take a cluster by its shape.',
      severity: 'error',
      from: { path: '^runtime/inspect/(xstate4|stately|bridge)/' },
      to: {
        path: '^(machines|runtime)/',
        pathNot: ['^runtime/inspect/(xstate4|stately|bridge)/', '^runtime/errors\\.ts$'],
      },
    },
    {
      name: 'the-page-is-for-a-browser',
      comment:
        'What the page and its workers reach runs in a browser, and the server is known to them by its protocol only.',
      severity: 'error',
      from: { path: '^runtime/inspect/page/', pathNot: 'vite\\.config\\.ts$' },
      to: {
        reachable: true,
        path: '^(node:)?(async_hooks|buffer|child_process|crypto|events|fs|http|https|module|net|os|path|perf_hooks|process|readline|stream|timers|tls|tty|url|util|v8|vm|worker_threads|zlib)(/|$)|^runtime/(cli|inspect/(server|live))/',
      },
    },
    {
      name: 'the-server-is-reached-by-name',
      comment:
        'Only the command and chorale/inspect serve the page: whoever embeds a cluster asks for that by name, at run time.',
      severity: 'error',
      from: {
        path: '^(runtime|machines|examples)/',
        pathNot: '^runtime/(cli/|inspect/(server|live)/|inspect/index\\.ts$)',
      },
      to: { path: '^runtime/inspect/(server|live)/|^runtime/inspect/index\\.ts$' },
    },
    {
      name: 'no-orphans-no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
