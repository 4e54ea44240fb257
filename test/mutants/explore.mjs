/** What exploration proves: that a bad schedule is found, and none where there is none. */
const active = ['test/runtime/explore-active.test.ts'];

export const explore = [
  {
    rule: 'MC-13',
    breaks: 'a way that ends without a decision is taken for one that goes on',
    file: 'runtime/explore/engine.ts',
    find: 'if (ends && pending !== 0)',
    replace: 'if (ends && pending < 0)',
    tests: active,
  },
  {
    rule: 'MC-13',
    breaks: 'a message that has still to arrive does not keep a way from ending',
    file: 'runtime/explore/successors.ts',
    find: "this.#tell(visit, { kind: 'deliver', message: travelling }, true);",
    replace: "this.#tell(visit, { kind: 'deliver', message: travelling }, false);",
    tests: active,
  },
];
