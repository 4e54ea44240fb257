/** GM-8: primaries, front ends and the name service in a cluster. */
const cluster = ['test/runtime/name-service.test.ts'];
const machines = ['test/machines/passive.test.ts'];

export const naming = [
  {
    rule: 'GM-8',
    breaks: 'a new primary does not register',
    file: 'machines/passive/view-change.ts',
    find: '...register(context), ',
    replace: '',
    tests: machines,
    name: 'GM-8: a replica manager registers when it becomes primary',
  },
  {
    rule: 'GM-8',
    breaks: 'a new master does not register',
    file: 'machines/lazy/master.ts',
    find: '...register(now), ',
    replace: '',
    tests: ['test/machines/lazy.test.ts'],
    name: 'GM-8: registers when it becomes master',
  },
  {
    rule: 'GM-8',
    breaks: 'a replica that has come back does not ask who is primary',
    file: 'machines/membership/name-answers.ts',
    find: 'incarnation > 1 && ',
    replace: 'incarnation > 9 && ',
    tests: cluster,
    name: 'GM-8: passive: a replica that was away',
  },
  {
    rule: 'GM-8',
    breaks: 'the answer that comes last is believed, however old',
    file: 'machines/passive/finding.ts',
    find: 'view > Math.max(now.view, now.registered)',
    replace: 'true',
    tests: machines,
    name: 'GM-8: a front end looks up the primary as it starts',
  },
  {
    rule: 'GM-8',
    breaks: 'a front end reads where whoever answered last says',
    file: 'machines/passive/finding.ts',
    find: 'place < now.chosenBy',
    replace: 'true',
    tests: machines,
    name: 'GM-8: with reads at backups',
  },
];
