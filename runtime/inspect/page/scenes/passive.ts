/**
 * Passive replication: one copy, the primary, executes, and the backups take over its changes.
 */
import { asks, runOf, type Scene } from './scene.js';

export const phasesOfPassive: Scene = {
  id: 'phases-passive',
  title: 'The five phases, when one copy works',
  about: 'A deposit on its way through passive replication, in which a primary works and its backups follow.',
  run: runOf('bank', 'linearizable', {
    replication: 'passive',
    order: 'fifo',
    reads: 'primary',
    delay: [10, 10],
    more: { heartbeat: 50, suspectAfter: 200 },
    requests: [asks(300, 'alice', 'deposit', 'x', 5), asks(400, 'alice', 'getBalance', 'x')],
  }),
  steps: [
    {
      say: 'One copy, rm-1, is the primary; rm-2 and rm-3 are its backups. The first phase of Alice’s deposit is RE, the request: her front end sends it to the primary, and to nobody else.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-1', request: 'alice#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'alice#1' } },
      span: { from: 297, to: 345 },
    },
    {
      say: 'The second, SC, is for agreeing on what to do before it is done. It costs no message here: the primary alone says what comes next.',
      until: { kind: 'phase', word: 'SC', node: 'rm-1', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'The third is EX, execution. Only the primary executes: x is now 5, at rm-1.',
      until: { kind: 'phase', word: 'EX', node: 'rm-1', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'The fourth is AC, agreement after the execution. The primary sends its backups what has changed. Alice has no answer yet.',
      until: { kind: 'sent', node: 'rm-1', peer: 'rm-3', word: 'data', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'Both backups say that they have it. From now on the deposit outlives the primary.',
      until: { kind: 'received', node: 'rm-1', peer: 'rm-3', word: 'taken' },
      show: { view: 'space-time' },
    },
    {
      say: 'The fifth is END: only now does the primary answer, and Alice is told 5. To wait for the backups took 20 of her 40 ms.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'Compare it with the bank anomaly: there the copy answered first and told the others later. Here the checker finds nothing wrong.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 297, to: 445 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const primaryCrash: Scene = {
  id: 'primary-crash',
  title: 'The primary crashes at the worst moment',
  about: 'It has executed a deposit and told nobody, and still the deposit happens exactly once.',
  run: runOf('bank', 'linearizable', {
    replication: 'passive',
    order: 'fifo',
    reads: 'primary',
    retryAfter: 200,
    delay: [10, 10],
    more: { heartbeat: 20, suspectAfter: 100 },
    faults: ['crash:rm-1@AC#5'],
    requests: [
      asks(300, 'alice', 'deposit', 'x', 5),
      asks(301, 'bob', 'deposit', 'x', 7),
      asks(380, 'alice', 'deposit', 'x', 1),
      asks(460, 'bob', 'deposit', 'x', 2),
      asks(520, 'alice', 'deposit', 'x', 3),
      asks(900, 'bob', 'getBalance', 'x'),
    ],
  }),
  steps: [
    {
      say: 'Four deposits have gone well, and account x holds 15. rm-1 is the primary: it executes, sends the change to its backups rm-2 and rm-3, and answers when they have it.',
      until: { kind: 'answered', request: 'bob#2' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
      span: { from: 295, to: 640 },
    },
    {
      say: 'Alice pays in 3 more. The primary has executed it: in its own memory x is 18. Now it is about to send the change to its backups.',
      until: { kind: 'phase', word: 'AC', node: 'rm-1', request: 'alice#3' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#3' } },
      span: { from: 510, to: 640 },
    },
    {
      say: 'In this very moment it crashes. No message has left it. The 18 is gone, and Alice waits.',
      until: { kind: 'crashed', node: 'rm-1' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'The backups find that the connection to rm-1 has ended, and agree on a new list of members: rm-2 and rm-3. Such a list is called a view. Who stands first in it is the new primary.',
      until: { kind: 'view', node: 'rm-2', amount: 2 },
      show: { view: 'space-time' },
    },
    {
      say: 'Alice’s front end hears of the new view and sends her request again, with the same number, to rm-2.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-2', word: 'requests' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#3' } },
    },
    {
      say: 'rm-2 has never heard of this request, so it executes it: 15 and 3 are 18. Had the change reached it before, it would know the number, and only repeat the answer.',
      until: { kind: 'phase', word: 'EX', node: 'rm-2', request: 'alice#3' },
      show: { view: 'requests' },
    },
    {
      say: 'Alice is told 18. Two computers have executed her deposit, and one of them took its work to the grave.',
      until: { kind: 'answered', request: 'alice#3' },
      show: { view: 'requests' },
    },
    {
      say: 'Bob asks for the balance and sees 18. The checker finds that each deposit counted once.',
      until: { end: true },
      show: { view: 'history', choose: { kind: 'request', request: 'bob#3' } },
      span: { from: 895, to: 945 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const staleRead: Scene = {
  id: 'stale-read',
  title: 'A stale read at a backup',
  about: 'To spare the primary, Bob reads at a backup, and gets yesterday’s paper.',
  run: runOf('bank', 'linearizable', {
    replication: 'passive',
    order: 'fifo',
    reads: 'backups',
    retryAfter: 1000,
    delay: [10, 10],
    more: { heartbeat: 50, suspectAfter: 2000 },
    faults: ['partition:rm-1>rm-2@325ms..500ms'],
    requests: [
      asks(300, 'alice', 'deposit', 'x', 5),
      asks(350, 'bob', 'getBalance', 'x'),
      asks(600, 'bob', 'getBalance', 'x'),
    ],
  }),
  steps: [
    {
      say: 'Alice pays in 5. The primary rm-1 sends the change to its backups, and both have it in their hands. But a backup shows a change only when the primary has said that it counts.',
      until: { kind: 'received', node: 'rm-1', peer: 'rm-3', word: 'taken' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'It counts: Alice is told that x is 5.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#1' } },
    },
    {
      say: 'The primary tells its backups, too. But the line to rm-2 is cut for a moment, and that message is lost.',
      until: { kind: 'lost', node: 'rm-1', peer: 'rm-2' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-2' } },
    },
    {
      say: 'Bob asks after Alice has her answer. In this bank, reading is the work of the backups, and his question goes to rm-2. He gets 0.',
      until: { kind: 'answered', request: 'bob#1' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#1' } },
    },
    {
      say: 'The line is whole again, and the lost message is sent once more. Now rm-2 shows 5.',
      until: { kind: 'received', node: 'rm-2', peer: 'rm-1', word: 'acknowledged' },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-2' } },
    },
    {
      say: 'Bob asks again: 5.',
      until: { kind: 'answered', request: 'bob#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'bob#2' } },
    },
    {
      say: 'The checker says: not linearizable, for what was true when Alice had her answer was not what Bob got later. A weaker promise is kept: all agree on one order of events, and Bob only stood a little behind. For a news page that is good enough; for a bank, ask the primary.',
      until: { end: true },
      show: { view: 'history' },
      check: 'linearizable',
      finds: 'violated',
    },
  ],
};

export const deposedPrimary: Scene = {
  id: 'deposed-primary',
  title: 'A primary that can hear but not speak',
  about: 'A line that is cut in one direction only makes the others choose a new primary, and the old one steps down.',
  run: runOf('bank', 'linearizable', {
    replication: 'passive',
    order: 'fifo',
    reads: 'primary',
    retryAfter: 200,
    more: { heartbeat: 20, suspectAfter: 100 },
    faults: ['partition:rm-1>rm-2,rm-3,ms-1,ms-2,ms-3@300ms..700ms'],
    requests: [
      asks(200, 'alice', 'deposit', 'x', 5),
      asks(320, 'alice', 'deposit', 'x', 7),
      asks(900, 'bob', 'getBalance', 'x'),
    ],
  }),
  steps: [
    {
      say: 'rm-1 is the primary, and x holds 5. Now the network fails in one direction: rm-1 hears everything, but nothing that it says reaches its backups, nor the nodes ms-1 to ms-3, which decide together who is a member.',
      until: { kind: 'fault' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
      span: { from: 195, to: 430 },
    },
    {
      say: 'Alice pays in 7. rm-1 executes it, and sends the change into the void. Without its backups it may not answer, so Alice waits.',
      until: { kind: 'lost', node: 'rm-1', peer: 'rm-3', request: 'alice#2' },
      show: { view: 'space-time', choose: { kind: 'request', request: 'alice#2' } },
    },
    {
      say: 'Nobody has heard from rm-1 for 100 ms, so the others take it for dead: from outside, dead and silent look the same. rm-1 hears what they decide, and stops at once.',
      until: { kind: 'crashed', node: 'rm-1', word: 'evicted' },
      show: { view: 'cluster', choose: { kind: 'node', node: 'rm-1' } },
    },
    {
      say: 'The new view has rm-2 and rm-3, and rm-2 is the primary.',
      until: { kind: 'view', node: 'rm-3', amount: 2 },
      show: { view: 'cluster' },
    },
    {
      say: 'Alice’s front end asks rm-2, which executes her deposit: 12. What rm-1 had done on its own counts for nothing, and nobody was ever told of it.',
      until: { kind: 'answered', request: 'alice#2' },
      show: { view: 'requests', choose: { kind: 'request', request: 'alice#2' } },
    },
    {
      say: 'rm-1 has started anew, with empty hands. When the line is whole again, it joins as a backup and is sent the accounts.',
      until: { kind: 'view', node: 'rm-1', amount: 4 },
      show: { view: 'space-time', choose: { kind: 'node', node: 'rm-1' } },
      span: { from: 690, to: 820 },
    },
    {
      say: 'Bob sees 12, and the checker finds nothing wrong. There was never a moment in which two primaries could both answer: that is what waiting for the backups is for.',
      until: { end: true },
      show: { view: 'history' },
      span: { from: 895, to: 925 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};

export const askedTwice: Scene = {
  id: 'asked-twice',
  title: 'Asked three times, done once',
  about: 'Answers get lost, the request is sent again and again, and the money still arrives once.',
  run: runOf('bank', 'linearizable', {
    replication: 'passive',
    order: 'fifo',
    reads: 'primary',
    retryAfter: 80,
    more: { heartbeat: 50, suspectAfter: 500 },
    faults: ['partition:rm-1>fe-1@301ms..470ms'],
    requests: [asks(300, 'alice', 'deposit', 'x', 5), asks(900, 'alice', 'getBalance', 'x')],
  }),
  steps: [
    {
      say: 'Alice pays in 5. Her front end numbers each request of hers: this one is alice#1. It goes to the primary, rm-1.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-1', request: 'alice#1' },
      show: { view: 'cluster', choose: { kind: 'request', request: 'alice#1' } },
      span: { from: 295, to: 480 },
    },
    {
      say: 'The deposit is executed and safe with the backups, but the answer is lost: nothing from rm-1 reaches Alice’s front end for a while.',
      until: { kind: 'lost', node: 'rm-1', peer: 'fe-1' },
      show: { view: 'space-time' },
    },
    {
      say: 'After 80 ms without an answer the front end asks somebody else: rm-2. It cannot know whether the request was lost or only the answer. From where it stands, both look alike.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-2', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'rm-2 is a backup and passes the request on to the primary. Alice’s 5 coins are at rm-1 a second time.',
      until: { kind: 'received', node: 'rm-1', peer: 'rm-2', word: 'requests' },
      show: { view: 'cluster' },
    },
    {
      say: 'But rm-1 keeps the number and the answer of the last request of each client. alice#1 is done, so it does not execute it again. It only repeats the answer.',
      until: { kind: 'phase', word: 'END', node: 'rm-1', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'That answer is lost as well, and the front end asks a third time, by way of rm-3.',
      until: { kind: 'sent', node: 'fe-1', peer: 'rm-3', request: 'alice#1' },
      show: { view: 'space-time' },
    },
    {
      say: 'At last an answer gets through: x is 5, and not 10 or 15.',
      until: { kind: 'answered', request: 'alice#1' },
      show: { view: 'requests' },
    },
    {
      say: 'The other answers come late and are thrown away. Alice’s balance is 5. To ask again is safe only because somebody remembers.',
      until: { end: true },
      show: { view: 'history', choose: { kind: 'request', request: 'alice#2' } },
      span: { from: 895, to: 925 },
      check: 'linearizable',
      finds: 'holds',
    },
  ],
};
