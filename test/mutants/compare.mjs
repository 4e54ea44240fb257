/** What `chorale compare` shows of FN-2, FN-4 and MC-12. */
const compare = ['test/runtime/compare-command.test.ts'];

export const comparing = [
  {
    rule: 'FN-2',
    breaks: 'the phases in a comparison are in the order of the alphabet',
    file: 'runtime/cli/comparison.ts',
    find: 'phases: most?.phases ?? [],',
    replace: 'phases: [...(most?.phases ?? [])].sort(),',
    tests: compare,
    name: 'FN-2: the phases of every style are seen',
  },
  {
    rule: 'FN-4',
    breaks: 'a style that does not suit the service ends the comparison of all',
    file: 'runtime/cli/comparing.ts',
    find: 'errors.push(error);',
    replace: 'if (errors.push(error) > 0) throw error;',
    tests: compare,
    name: 'FN-4: a style that does not suit the service',
  },
  {
    rule: 'MC-12',
    breaks: 'a comparison counts the delays of messages twice',
    file: 'runtime/cli/comparison.ts',
    find: 'delays ?? 0)',
    replace: '2 * (delays ?? 0))',
    tests: compare,
    name: 'MC-12: messages and delays are those of a run without faults',
  },
];
