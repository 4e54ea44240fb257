/**
 * Active replication: every copy executes every request, in the order that a sequencer makes.
 */
import { asks, runOf, type Scene } from './scene.js';

export const phasesOfActive: Scene = {
  id: 'phases-active',
  title: 'The five phases, when every copy works',
  about: 'A deposit on its way through active replication, in which all copies do the same.',
  run: runOf('bank', 'linearizable', {
    delay: [10, 10],
    requests: [asks(0, 'alice', 'deposit', 'x', 5), asks(100, 'alice', 'getBalance', 'x')],
  }),
  steps: [
    {
      say: 'Any replicated service takes a request through five phases, and styles differ in what they do in each. The first is RE, the request: Alice’s front end fe-1 sends her deposit on its way.',
      until: { kind: 'phase', word: 'RE', request: 'alice#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#1' } },
      span: { from: 0, to: 35 },
    },
    {
      say: 'The sequencer gives it a number and sends it to all three copies.',
      until: { kind: 'sent', node: 'sequencer', peer: 'rm-3', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'That was for the second phase, SC, server coordination: the copies agree on what to do before they do it. When rm-1 has request number 1 from the sequencer, it knows that all the others get the same as number 1.',
      until: { kind: 'phase', word: 'SC', node: 'rm-1', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'The third is EX, execution. Here all three copies execute: each adds 5 to x.',
      until: { kind: 'phase', word: 'EX', node: 'rm-3', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'The fourth, AC, would be agreement after the execution. Nobody needs it here: who does the same things in the same order has the same result. So each copy sends its reply.',
      until: { kind: 'sent', node: 'rm-3', peer: 'fe-1', word: 'replies', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'The fifth is END. The front end takes the first reply that comes and hands it to Alice: 5.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'The other two replies are thrown away. They are what makes this style calm: had any one copy crashed, Alice would not have noticed.',
      until: { kind: 'dropped', node: 'fe-1', word: 'late', count: 2 },
      show: { view: 'space-time' },
    },
    {
      say: 'Alice asks for her balance, and it is 5. The checker finds that all was as if there were one copy.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 0, to: 135 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const sequencerBottleneck: Scene = {
  id: 'sequencer-bottleneck',
  title: 'The sequencer sets the pace',
  about: 'One slow node makes everybody wait, though all the copies are quick.',
  run: runOf('counter', 'linearizable', {
    faults: ['slow:sequencer:6@100ms..400ms'],
    requests: [0, 120].flatMap((round) =>
      ['ann', 'bob', 'carl', 'dan'].map((client, turn) => asks(round + turn, client, 'add', 1)),
    ),
  }),
  steps: [
    {
      say: 'Four people each add 1 to a counter, within 3 ms. All four requests have to pass one place, the sequencer, which numbers them.',
      until: { kind: 'received', node: 'sequencer', word: 'submit', count: 4 },
      show: { view: 'cluster', choose: { kind: 'node', node: 'sequencer' } },
      span: { from: 0, to: 25 },
    },
    {
      say: 'For each that comes in, three go out, one to each copy. More copies would make more work for it, and take none away.',
      until: { kind: 'sent', node: 'sequencer', peer: 'rm-3', request: 'dan#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'While it keeps up, all is well: each of the four has an answer after 15 ms.',
      until: { kind: 'answered', request: 'dan#1' },
      show: { view: 'requests' },
    },
    {
      say: 'Now the sequencer gets slow: whatever goes to it or comes from it takes six times as long. The three copies are as quick as ever.',
      until: { kind: 'fault' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'sequencer' } },
      span: { from: 95, to: 190 },
    },
    {
      say: 'The four add 1 again, and everybody waits for 65 ms. It helps nothing that three quick copies stand ready.',
      until: { kind: 'answered', request: 'dan#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'dan#2' } },
    },
    {
      say: 'Nothing went wrong: the counter is right, and the checker agrees. One who makes the order for all is simple and safe, and the first place to look when a service is slow.',
      until: { end: true },
      show: { view: 'history' },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const votingAgainstALiar: Scene = {
  id: 'voting',
  title: 'Two outvote a liar',
  about: 'One copy of three gives wrong answers, and nobody is fooled.',
  run: runOf('bank', 'linearizable', {
    tolerate: 'byzantine',
    faults: ['lie:rm-2'],
    requests: [asks(0, 'alice', 'deposit', 'x', 5), asks(100, 'alice', 'getBalance', 'x')],
  }),
  steps: [
    {
      say: 'A copy can do worse than crash: it can give wrong answers, because of a bug, a bad disk or an intruder. From now on rm-2 lies in every reply. Nobody else knows.',
      until: { kind: 'called', request: 'alice#1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-2' } },
      span: { from: 0, to: 20 },
    },
    {
      say: 'Alice pays in 5. All three copies execute it and reply: rm-1 and rm-3 with 5, rm-2 with some other number.',
      until: { kind: 'sent', node: 'rm-3', peer: 'fe-1', word: 'replies', request: 'alice#1' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'The reply of rm-1 comes first, and fe-1 does not believe it yet. One reply could be the lie.',
      until: { kind: 'received', node: 'fe-1', peer: 'rm-1', word: 'replies' },
      show: { view: 'space-time' },
    },
    {
      say: 'The reply of rm-2 says something else. Now fe-1 has two different ones, and cannot know who lies.',
      until: { kind: 'received', node: 'fe-1', peer: 'rm-2', word: 'replies' },
      show: { view: 'space-time' },
    },
    {
      say: 'rm-3 says 5 as well. Two of three say the same, and if at most one lies, then one of these two is honest, so 5 is true. Alice is told 5.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'The same vote decides each of her requests, and the checker finds no wrong answer. To stand f liars, there must be 2f + 1 copies, so that the honest ones are always more.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 0, to: 120 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const liarsWin: Scene = {
  id: 'liars-win',
  title: 'One liar too many',
  about: 'Two copies of three tell the same lie, and the vote makes it the truth.',
  run: runOf('bank', 'linearizable', {
    tolerate: 'byzantine',
    faults: ['lie:rm-2=A', 'lie:rm-3=A'],
    requests: [asks(0, 'alice', 'deposit', 'x', 5), asks(100, 'alice', 'getBalance', 'x')],
  }),
  steps: [
    {
      say: 'Three copies can outvote one liar. Here are two, rm-2 and rm-3, and they have agreed on what to say.',
      until: { kind: 'called', request: 'alice#1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-3' } },
      span: { from: 0, to: 20 },
    },
    {
      say: 'Alice pays 5 into an empty account. The only honest reply is the 5 of rm-1.',
      until: { kind: 'sent', node: 'rm-1', peer: 'fe-1', word: 'replies', request: 'alice#1' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'The replies of rm-2 and rm-3 are equal, so they win. Alice is told 27.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'The checker knows what a deposit does, and finds that no bank could have answered so. A vote protects against as many liars as it was made for, and not against one more: with five copies, these two would have lost.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 0, to: 120 },
      check: 'linearizable',
      finds: 'violated',
    },
  ],
};
