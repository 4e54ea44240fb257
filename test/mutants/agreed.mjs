/** The order that all members agree on in two rounds (MC-7). */
const tests = ['test/machines/agreed-order.test.ts'];
const file = 'machines/membership/agreed-order.ts';

export const agreed = [
  {
    rule: 'MC-7',
    breaks: 'a member proposes what it has seen already',
    file,
    find: 'const number = known ? 0 : step.agreeing.clock + 1;',
    replace: 'const number = known ? 0 : Math.max(1, step.agreeing.clock);',
    tests,
  },
  {
    rule: 'MC-7',
    breaks: 'a member delivers by agreed numbers and does not wait for a message that can get a smaller one',
    file,
    find: '.filter(({ number, known }) => number > 0 && !known)',
    replace: '.filter(({ number, known, agreedAt }) => number > 0 && !known && agreedAt > 0)',
    tests,
  },
  {
    rule: 'MC-7',
    breaks: 'the agreed number is the last proposal, not the largest',
    file: 'machines/membership/proposals.ts',
    find: 'number: Math.max(before.number, number),',
    replace: 'number,',
    tests,
  },
  {
    rule: 'MC-7',
    breaks: 'at the end of a view each member numbers what is open by its own proposals',
    file: 'machines/membership/agreed-cut.ts',
    find: '.map((candidate) => ({ ...candidate, ...mapGet(words, keyOf(candidate.author, candidate.place)) }))',
    replace:
      '.map((candidate) => ({ ...candidate, known: mapGet(words, keyOf(candidate.author, candidate.place))?.known ?? false }))',
    tests,
  },
  {
    rule: 'MC-7',
    breaks: 'what is settled at the end of a view comes before what is agreed in it',
    file: 'machines/membership/agreed-cut.ts',
    find: 'number: last + i + 1,',
    replace: 'number: i - 1_000_000,',
    tests,
  },
  {
    rule: 'MC-1',
    breaks: 'in a uniform group a number that one member alone may know is enough',
    file,
    find: '!step.input.uniform || stableOf(step, author) >= place;',
    replace: 'step !== undefined || stableOf(step, author) >= place;',
    tests,
  },
  {
    rule: 'MC-3',
    breaks: 'a member proposes for a message whose past is not here',
    file,
    find: 'if (!known && !hasItsPast(step, entry)) return null;',
    replace: '',
    tests,
  },
  {
    rule: 'MC-9',
    breaks: 'what a sender from outside sends again is a new message',
    file,
    find: '(contains(receiptOf(step, sender), seq) || hasEnded(step.ended, sender));',
    replace: '(contains(receiptOf(step, sender), seq + 1_000) || hasEnded(step.ended, sender));',
    tests,
  },
  {
    rule: 'MC-7',
    breaks: 'nobody asks for another view when a sender from outside is silent',
    file: 'machines/membership/awaited-senders.ts',
    find: 'return awaited?.place === place && awaited.rounds * stabilityInterval >= retryAfter;',
    replace: 'return awaited?.place === place && awaited.rounds * stabilityInterval >= retryAfter * 1e9;',
    tests,
  },
  {
    rule: 'VS-5',
    breaks: 'a joiner begins to count anew',
    file: 'machines/membership/agreed-cut.ts',
    find: 'return known + [...mapEntries(openIn(decree))]',
    replace: 'return known * 0 + [...mapEntries(openIn(decree))]',
    tests,
  },
];
