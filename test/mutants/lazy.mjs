/** PB-14: lazy master-slave replication. */
const tests = ['test/machines/lazy.test.ts'];

const losses = ['test/runtime/lost-updates.test.ts'];

export const lazy = [
  {
    rule: 'PB-14',
    breaks: 'an update counts as held by whoever knows an earlier request of its session',
    file: 'runtime/simulate/lost-updates.ts',
    find: 'last.seq >= seq;',
    replace: 'last.seq >= 0;',
    tests: losses,
  },
  {
    rule: 'PB-14',
    breaks: 'states that differ are counted as one',
    file: 'runtime/simulate/lost-updates.ts',
    find: 'const inState = agree ?',
    replace: 'const inState = agree !== null ?',
    tests: losses,
  },
  {
    rule: 'PB-14',
    breaks: 'what a replica executed before it crashed counts as held',
    file: 'runtime/simulate/lost-updates.ts',
    find: 'this.#lives.set(node, life + 1);',
    replace: 'this.#lives.set(node, life);',
    tests: losses,
  },
  {
    rule: 'PB-14',
    breaks: 'a new master takes it that its slaves have what it has',
    file: 'machines/lazy/master.ts',
    find: 'const receiving = context.view !== null;',
    replace: 'const receiving = false;',
    tests,
  },
  {
    rule: 'PB-14',
    breaks: 'a slave takes a catch-up that does not follow on what it has',
    file: 'machines/lazy/slave.ts',
    find: 'if (!fits || item.after !== current.version) {',
    replace: 'if (!fits) {',
    tests,
  },
  {
    rule: 'PB-14',
    breaks: 'a slave is sent more before it has taken what it was sent',
    file: 'machines/lazy/master.ts',
    find: 'const due = !slave.receiving && slave.sent === null && slave.has.version !== current.version;',
    replace: 'const due = !slave.receiving && slave.has.version !== current.version;',
    tests,
  },
  {
    rule: 'PB-14',
    breaks: 'requests put off the round in which slaves are brought up to date',
    file: 'machines/lazy/replica-manager.ts',
    find: "                  target: 'awaiting',",
    replace: "                  target: '#weighing',",
    tests,
  },
  {
    rule: 'AR-14',
    breaks: 'slaves are not told which requests were executed, once the table has forgotten some',
    file: 'machines/lazy/master.ts',
    find: ': [...mapDiff(before.young, after.old).set, ...mapEntries(after.young)];',
    replace: ': mapDiff(before.young, after.old).set;',
    tests,
  },
  {
    rule: 'PB-14',
    breaks: 'what of a later master came before the first view is forgotten',
    file: 'machines/lazy/slave.ts',
    find: 'joining: { ...context.joining, view: now.view }',
    replace: 'joining: { ...context.joining, early: null, view: now.view }',
    tests,
  },
];
