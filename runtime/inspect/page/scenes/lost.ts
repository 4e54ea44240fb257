/**
 * Updates that were promised and are gone: what comes of answering before the others know.
 */
import { asks, runOf, type Scene } from './scene.js';

export const bankAnomaly: Scene = {
  id: 'bank-anomaly',
  title: 'The bank anomaly',
  about: 'Bob sees Alice’s second payment and not her first: what happens when a copy answers before the others know.',
  run: runOf('bank', 'sequential', {
    replication: 'local',
    order: 'fifo',
    delay: [10, 10],
    faults: ['partition:rm-1>rm-2,rm-3@0ms..60ms', 'crash:rm-1@50ms'],
    requests: [
      asks(0, 'alice', 'setBalance', 'x', 1),
      asks(100, 'alice', 'setBalance', 'y', 2),
      asks(800, 'bob', 'getBalance', 'y'),
      asks(810, 'bob', 'getBalance', 'x'),
    ],
  }),
  steps: [
    {
      say: 'Three computers, rm-1, rm-2 and rm-3, each keep a copy of all accounts of a bank. Alice wants account x to hold 1 coin. Her request goes to fe-1, the front end that talks to the copies for her.',
      until: { kind: 'called', request: 'alice#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'alice#1' } },
      span: { from: 0, to: 65 },
    },
    {
      say: 'fe-1 asks one copy, rm-1. In this bank, a copy that is asked answers by itself and tells the other copies on the side.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-1', request: 'alice#1' },
      show: { view: 'cluster' },
    },
    {
      say: 'rm-1 writes x = 1. In the same moment it sends three messages: the answer to Alice, and the change to rm-2 and to rm-3. It does not wait to hear whether the change arrives.',
      until: { kind: 'sent', node: 'rm-1', peer: 'rm-3', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'Alice is told: done. From now on she counts on it.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'But the line from rm-1 to the other two is cut. Both messages with the change are lost. Only rm-1 knows that x is 1.',
      until: { kind: 'lost', node: 'rm-1', peer: 'rm-3' },
      show: { view: 'cluster' },
    },
    {
      say: 'rm-1 would send them again, but it crashes first. What it had in memory is gone, and with it the coin that Alice was promised. Nobody else ever heard of it.',
      until: { kind: 'crashed', node: 'rm-1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'Alice, who knows nothing of this, sets y to 2. rm-1 is silent, so her front end asks rm-2.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-2', word: 'requests' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'alice#2' } },
      span: { from: 95, to: 155 },
    },
    {
      say: 'This time all goes well. rm-2 writes y = 2, answers, and rm-3 gets the change. Both now have y = 2, and no x.',
      until: { kind: 'phase', word: 'AC', node: 'rm-3', request: 'alice#2' },
      show: { view: 'space-time' },
    },
    {
      say: 'Bob asks rm-2 for y and gets 2: Alice’s second payment is there.',
      until: { kind: 'answered', request: 'bob#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#1' } },
      span: { from: 795, to: 845 },
    },
    {
      say: 'Then he asks for x and gets 0. But Alice had set x before she set y, and both times the bank had said: done. Whoever sees the second must see the first.',
      until: { kind: 'answered', request: 'bob#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#2' } },
    },
    {
      say: 'The checker agrees: put these four requests in any order that keeps Alice’s and Bob’s own, and Bob’s answers cannot come out. The mistake was made long before Bob came, when rm-1 said done while it was the only one to know.',
      until: { end: true },
      show: { view: 'history' },
      check: 'sequential',
      finds: 'violated',
    },
  ],
};

export const lazyLosesAnUpdate: Scene = {
  id: 'lazy-loses-an-update',
  title: 'Lazy replication loses an update',
  about: 'A master that passes changes on a little later is quick, and may take some of them with it when it crashes.',
  run: runOf('bank', 'linearizable', {
    replication: 'lazy',
    order: 'fifo',
    retryAfter: 200,
    more: { heartbeat: 20, suspectAfter: 100 },
    faults: ['crash:rm-1@306ms'],
    requests: [
      asks(200, 'alice', 'deposit', 'x', 5),
      asks(300, 'alice', 'deposit', 'x', 7),
      asks(900, 'bob', 'getBalance', 'x'),
    ],
  }),
  steps: [
    {
      say: 'One copy, rm-1, is the master: all deposits go to it. Alice pays in 5 and has her answer after 10 ms, for the master asks nobody.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#1' } },
      span: { from: 195, to: 350 },
    },
    {
      say: 'Every 20 ms the master passes on what has changed. Now all three copies have 5.',
      until: { kind: 'phase', word: 'AC', node: 'rm-3', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'Alice pays in 7 more. The master executes it and sends her the answer, 12. To the other copies it will send the change later.',
      until: { kind: 'sent', node: 'rm-1', peer: 'fe-1', request: 'alice#2' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'alice#2' } },
    },
    {
      say: 'Before later comes, the master crashes.',
      until: { kind: 'crashed', node: 'rm-1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'The answer was already on its way. Alice reads: 12.',
      until: { kind: 'answered', request: 'alice#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#2' } },
    },
    {
      say: 'rm-2 and rm-3 agree to go on without rm-1. Neither has the 7.',
      until: { kind: 'view', node: 'rm-3', amount: 2 },
      show: { view: 'cluster' },
    },
    {
      say: 'Bob asks for the balance: 5. Alice’s 7 coins are lost, although she was told that they had arrived.',
      until: { kind: 'answered', request: 'bob#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#1' } },
      span: { from: 895, to: 915 },
    },
    {
      say: 'The checker finds it: an answer that came after 12 can never be 5. Lazy replication is quick because nobody waits, and this is what the waiting was for.',
      until: { end: true },
      show: { view: 'history' },
      check: 'linearizable',
      finds: 'violated',
    },
  ],
};
