/**
 * Groups whose members come and go, in views that all of them agree on.
 */
import { asks, runOf, type Scene } from './scene.js';

export const sequencerCrash: Scene = {
  id: 'sequencer-crash',
  title: 'The one who makes the order crashes',
  about: 'A member of the group numbers all requests; when it is gone, another goes on where it stopped.',
  run: runOf('counter', 'linearizable', {
    more: { membership: 'dynamic', heartbeat: 20, suspectAfter: 100 },
    faults: ['crash:rm-1@325ms'],
    requests: [asks(300, 'ann', 'add', 1), asks(320, 'bob', 'add', 10), asks(500, 'ann', 'value')],
  }),
  steps: [
    {
      say: 'In this group a member does the numbering: rm-1, the first of the list. Ann adds 1 to the counter, and all goes well.',
      until: { kind: 'answered', request: 'ann#1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
      span: { from: 298, to: 365 },
    },
    {
      say: 'Bob adds 10. His front end fe-2 sends the request to rm-1, which is to give it the next number.',
      until: { kind: 'sent', node: 'fe-2', peer: 'rm-1', word: 'offer', request: 'bob#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'bob#1' } },
    },
    {
      say: 'Just as it comes there, rm-1 crashes. Nobody has seen Bob’s request.',
      until: { kind: 'crashed', node: 'rm-1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'rm-2 and rm-3 find that the connection has ended. They tell each other, and the membership service, what they have received. That service is the three nodes ms-1 to ms-3, which decide together who belongs to the group.',
      until: { kind: 'sent', node: 'rm-3', peer: 'ms-3', word: 'report' },
      show: { view: 'space-time' },
    },
    {
      say: 'It decides on the next view, which is the list of members: number 2, with rm-2 and rm-3. Everybody hears of it, the front ends too.',
      until: { kind: 'view', node: 'fe-2', amount: 2 },
      show: { view: 'cluster' },
    },
    {
      say: 'rm-2 is now the first of the list, so it does the numbering. Bob’s front end sends it the request again.',
      until: { kind: 'sent', node: 'fe-2', peer: 'rm-2', word: 'offer' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'bob#1' } },
    },
    {
      say: 'It goes on counting where rm-1 had stopped, and gives Bob’s request number 2. Both execute it, and Bob has his answer: 11.',
      until: { kind: 'answered', request: 'bob#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#1' } },
    },
    {
      say: 'No request was lost and none was done twice. Bob waited 40 ms instead of 15, and that is all that he could notice.',
      until: { end: true },
      show: { view: 'history', choose: { kind: 'request', request: 'ann#2' } },
      span: { from: 495, to: 520 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const flush: Scene = {
  id: 'flush',
  title: 'A last message on everybody’s table',
  about: 'A crash leaves a message with only one of two survivors, and they even that out before they go on.',
  run: runOf('counter', 'linearizable', {
    more: { membership: 'dynamic', heartbeat: 20, suspectAfter: 100 },
    faults: ['crash:rm-1@sent:data#1'],
    requests: [asks(300, 'ann', 'add', 1), asks(320, 'bob', 'add', 10)],
  }),
  steps: [
    {
      say: 'rm-1 numbers the requests and sends them to rm-2 and rm-3. Ann’s request is number 1, and the message to rm-2 has just left.',
      until: { kind: 'sent', node: 'rm-1', peer: 'rm-2', word: 'data', request: 'ann#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'ann#1' } },
    },
    {
      say: 'rm-1 crashes before the message to rm-3 can leave, too.',
      until: { kind: 'crashed', node: 'rm-1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'rm-2 gets the message and executes it: its counter is 1. rm-3 knows nothing, and its counter is 0. If they went on so, they would never be equal again.',
      until: { kind: 'phase', word: 'EX', node: 'rm-2', request: 'ann#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'They notice that rm-1 is gone, and must agree on a list of members without it. First each says what it has received, so that gaps can be filled: this is called a flush.',
      until: { kind: 'received', node: 'rm-2', peer: 'rm-3', word: 'report' },
      show: { view: 'space-time' },
    },
    {
      say: 'rm-2 sees that rm-3 lacks a message, and passes it on.',
      until: { kind: 'sent', node: 'rm-2', peer: 'rm-3', word: 'relay' },
      show: { view: 'space-time' },
    },
    {
      say: 'rm-3 delivers it as the last of the old view, and only then enters the new one. Whoever goes from one view to the next has delivered the same messages in it: this is called virtual synchrony.',
      until: { kind: 'view', node: 'rm-3', amount: 2 },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'Ann’s front end had a reply of rm-2 long ago, and waited until all who are left had the request. Now she is told 1.',
      until: { kind: 'answered', request: 'ann#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'ann#1' } },
    },
    {
      say: 'Bob adds 10 and is told 11, by copies that are equal. The checker finds nothing wrong.',
      until: { end: true },
      show: { view: 'history' },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const joiner: Scene = {
  id: 'joiner',
  title: 'A newcomer catches up',
  about: 'A fourth copy joins while requests go on, is sent the state, and misses nothing.',
  run: runOf('kv', 'linearizable', {
    more: { membership: 'dynamic', heartbeat: 50, suspectAfter: 500 },
    faults: ['join:rm-4@300ms'],
    requests: [
      asks(200, 'ann', 'put', 'a', '1'),
      asks(230, 'ann', 'put', 'b', '2'),
      asks(318, 'ann', 'put', 'c', '3'),
      asks(500, 'ann', 'get', 'c'),
    ],
  }),
  steps: [
    {
      say: 'Three copies of a small store have a = 1 and b = 2. Now a fourth, rm-4, starts with nothing, and asks the membership service to join.',
      until: { kind: 'sent', node: 'rm-4', word: 'join' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-4' } },
      span: { from: 195, to: 355 },
    },
    {
      say: 'Ann does not wait for that: she puts c = 3.',
      until: { kind: 'called', request: 'ann#3' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'ann#3' } },
    },
    {
      say: 'Everybody agrees on a new list of members, view number 2, with rm-4 in it as one who is still joining. This draws a line: what came before it, rm-4 must be told; what comes after, it hears itself.',
      until: { kind: 'view', node: 'rm-4', amount: 2 },
      show: { view: 'cluster' },
    },
    {
      say: 'rm-1 sends it the state as it was at that line, a and b. A large state would go in many pieces.',
      until: { kind: 'sent', node: 'rm-1', peer: 'rm-4', word: 'chunk' },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-4' } },
    },
    {
      say: 'Ann’s third request comes after the line. rm-4 executes it on top of the state, as the others do: c = 3.',
      until: { kind: 'phase', word: 'EX', node: 'rm-4', request: 'ann#3' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'ann#3' } },
    },
    {
      say: 'It has everything now, and in view number 3 it is a member as any other.',
      until: { kind: 'view', node: 'rm-4', amount: 3 },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-4' } },
    },
    {
      say: 'Ann reads c. Four copies execute it now, the newcomer among them, and she gets 3. She never noticed that anybody came.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 495, to: 520 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const wrongSuspicion: Scene = {
  id: 'wrong-suspicion',
  title: 'Taken for dead',
  about: 'A copy that is well is suspected, put out of the group, and comes back as a newcomer.',
  run: runOf('counter', 'linearizable', {
    more: { membership: 'dynamic', heartbeat: 50, suspectAfter: 500 },
    faults: ['suspect:rm-3@300ms'],
    requests: [asks(200, 'ann', 'add', 1), asks(310, 'ann', 'add', 10), asks(500, 'bob', 'add', 100)],
  }),
  steps: [
    {
      say: 'No computer can tell for certain that another has crashed: it may only be slow. Here the others make a mistake, and suspect rm-3, which is perfectly well.',
      until: { kind: 'fault' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-3' } },
      span: { from: 290, to: 335 },
    },
    {
      say: 'They do what they would do after a real crash: rm-1 and rm-2 agree on a list of members without it, view number 2.',
      until: { kind: 'view', node: 'rm-2', amount: 2 },
      show: { view: 'cluster' },
    },
    {
      say: 'rm-3 hears of it too. Instead of arguing it stops: two opinions on who is in the group would be worse than one member less.',
      until: { kind: 'crashed', node: 'rm-3', word: 'evicted' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'Ann, who added 10 in the middle of all this, has her answer from the two that were left: 11.',
      until: { kind: 'answered', request: 'ann#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'ann#2' } },
    },
    {
      say: 'It starts anew after 10 ms, remembers nothing, and asks to join.',
      until: { kind: 'sent', node: 'rm-3', word: 'join' },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-3' } },
    },
    {
      say: 'rm-3 is sent the state, and in view number 4 it is a full member again.',
      until: { kind: 'view', node: 'rm-3', amount: 4 },
      show: { view: 'cluster' },
      span: { from: 290, to: 385 },
    },
    {
      say: 'Bob adds 100, all three execute it, and he gets 111. A wrong suspicion costs some work. It costs no correctness, and that is why it is allowed to happen.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 495, to: 520 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};
