/** What the exploration of groups with views proves. */
const groups = ['test/runtime/explore-groups.test.ts'];

export const exploreGroups = [
  {
    rule: 'VS-1',
    breaks: 'the cut is empty, whatever members hold',
    file: 'machines/membership/view-change.ts',
    find: 'if (upTo > (all[id] ?? 0)) all[id] = upTo;',
    replace: 'if (upTo < (all[id] ?? 0)) all[id] = upTo;',
    tests: groups,
  },
  {
    rule: 'VS-1',
    breaks: 'nobody passes on what a crashed member has sent, and the view never ends',
    file: 'machines/membership/flush.ts',
    find: "if (entries.length > 0) step.done.push(toSender(step.input, member, { type: 'relay', items: entries }));",
    replace: "if (entries.length < 0) step.done.push(toSender(step.input, member, { type: 'relay', items: entries }));",
    tests: groups,
  },
  {
    rule: 'VS-1',
    breaks: 'the observer forgets what the first member to go on has delivered',
    file: 'runtime/explore/views-seen.ts',
    find: 'const agreed = seen.delivered[before.view] ?? before.delivered;',
    replace: 'const agreed = before.delivered;',
    tests: groups,
  },
  {
    rule: 'PB-6',
    breaks: 'a primary answers before its backups have the batch',
    file: 'machines/passive/primary.ts',
    find: '(underWay.delivered && underWay.awaited.length === 0)',
    replace: 'underWay.delivered',
    tests: groups,
  },
];
