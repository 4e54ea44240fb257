/**
 * FIFO, causal and total order, on the same requests over the same cut line.
 */
import type { Run } from '../../protocol.js';
import { asks, runOf, type Scene } from './scene.js';

const conversation = (order: 'fifo' | 'causal' | 'total'): Run =>
  runOf('kv', order === 'total' ? 'linearizable' : 'sequential', {
    replication: order === 'total' ? 'active' : 'local',
    order,
    faults: ['partition:rm-1>rm-3@2ms..120ms'],
    requests: [
      asks(0, 'ann', 'put', 'question', 'lunch?'),
      asks(11, 'bob', 'get', 'question'),
      asks(21, 'bob', 'put', 'answer', 'noon'),
      asks(26, 'carl', 'get', 'answer'),
      asks(36, 'carl', 'get', 'question'),
      asks(150, 'carl', 'get', 'answer'),
    ],
  });

export const fifo: Scene = {
  id: 'order-fifo',
  title: 'Order 1 of 3: first in, first out',
  about: 'Carl reads an answer to a question that nobody has asked yet, as far as he can see.',
  run: conversation('fifo'),
  steps: [
    {
      say: 'Ann, Bob and Carl share a notice board. Each uses a copy of it: Ann rm-1, Bob rm-2, Carl rm-3. Ann writes a question: lunch?',
      until: { kind: 'called', request: 'ann#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'ann#1' } },
      span: { from: 0, to: 70 },
    },
    {
      say: 'rm-1 tells the other two. rm-2 has heard it, but the line to rm-3 is cut for a while, and that message is lost.',
      until: { kind: 'lost', node: 'rm-1', peer: 'rm-3' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'ann#1' } },
    },
    {
      say: 'Bob reads the question at rm-2.',
      until: { kind: 'answered', request: 'bob#1' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'bob#1' } },
    },
    {
      say: 'He writes his answer: noon. rm-2 sends it to the others.',
      until: { kind: 'sent', node: 'rm-2', peer: 'rm-3', word: 'data', request: 'bob#2' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'bob#2' } },
    },
    {
      say: 'rm-3 puts it on the board at once. The order here is FIFO, first in, first out: what one sender sends is delivered in the order in which it was sent. Question and answer have two senders, so nothing makes the answer wait.',
      until: { kind: 'delivered', node: 'rm-3', request: 'bob#2' },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'Carl reads the answer at rm-3: noon.',
      until: { kind: 'answered', request: 'carl#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#1' } },
    },
    {
      say: 'Noon what? He looks for the question, and there is none.',
      until: { kind: 'answered', request: 'carl#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#2' } },
    },
    {
      say: 'The question comes at last. rm-2 noticed that rm-3 had not got it, and passed it on. For Carl it is too late.',
      until: { kind: 'delivered', node: 'rm-3', request: 'ann#1' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'ann#1' } },
    },
    {
      say: 'The checker finds no order of what the three did in which Carl sees the answer and not the question. The next scene plays the same again with a stronger order.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 0, to: 205 },
      check: 'sequential',
      finds: 'violated',
    },
  ],
};

export const causal: Scene = {
  id: 'order-causal',
  title: 'Order 2 of 3: causal',
  about: 'The same conversation, in which an answer waits for the question that it answers.',
  run: conversation('causal'),
  steps: [
    {
      say: 'Ann writes her question again, and again the message from rm-1 to rm-3 is lost.',
      until: { kind: 'lost', node: 'rm-1', peer: 'rm-3' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'ann#1' } },
      span: { from: 0, to: 70 },
    },
    {
      say: 'Bob has read the question at rm-2 and answers. But now each message says which messages its sender had seen before: that list is called a vector timestamp. This one says: I have seen one message of rm-1.',
      until: { kind: 'sent', node: 'rm-2', peer: 'rm-3', word: 'data', request: 'bob#2' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'bob#2' } },
    },
    {
      say: 'rm-3 receives the answer, compares, and sees that it lacks that message of rm-1. It holds the answer back.',
      until: { kind: 'received', node: 'rm-3', peer: 'rm-2', word: 'data', request: 'bob#2' },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'Carl looks for the answer at rm-3 and finds nothing. His board is behind, but it makes sense.',
      until: { kind: 'answered', request: 'carl#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#1' } },
    },
    {
      say: 'rm-2 passes the question on. rm-3 delivers it, and right after it the answer that it had held back.',
      until: { kind: 'delivered', node: 'rm-3', count: 2 },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'When Carl looks again, the answer is there: noon. He never saw it without its question.',
      until: { kind: 'answered', request: 'carl#3' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#3' } },
      span: { from: 0, to: 205 },
    },
    {
      say: 'The checker finds nothing wrong. Causal order has its limit, though: of two messages that know nothing of each other, each copy may deliver another one first. The next scene does away with that.',
      until: { end: true },
      show: { view: 'history' },
      check: 'sequential',
      finds: 'holds',
    },
  ],
};

export const total: Scene = {
  id: 'order-total',
  title: 'Order 3 of 3: total',
  about: 'The same conversation, in which all copies do everything in one and the same order.',
  run: conversation('total'),
  steps: [
    {
      say: 'Now every request, reading too, goes to one node first: the sequencer. It does nothing but number them. Ann’s question becomes number 1, and goes to all three copies.',
      until: { kind: 'sent', node: 'sequencer', peer: 'rm-3', request: 'ann#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'ann#1' } },
      span: { from: 0, to: 62 },
    },
    {
      say: 'All three copies have it and write it. The line from rm-1 to rm-3 is cut as before, and it does not matter: the copies need not talk to each other.',
      until: { kind: 'phase', word: 'EX', node: 'rm-3', request: 'ann#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'Bob has read the question. Now he writes his answer, and in the same moment Carl asks for it. Which comes first?',
      until: { kind: 'called', request: 'bob#2' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'bob#2' } },
    },
    {
      say: 'The sequencer decides: Carl’s request is number 3, Bob’s is number 4. Every copy executes them in that order.',
      until: { kind: 'delivered', node: 'rm-3', amount: 4 },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'So Carl gets nothing: he was just too early, at every copy alike.',
      until: { kind: 'answered', request: 'carl#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#1' } },
    },
    {
      say: 'Then he asks for the question, and there it is.',
      until: { kind: 'answered', request: 'carl#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'carl#2' } },
    },
    {
      say: 'The checker says: linearizable. That is the strongest promise of all, to behave as if there were one board only. It costs each request a detour over the sequencer.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 0, to: 170 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};
