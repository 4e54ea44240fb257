import { describe, expect, test } from '@jest/globals';
import { courseLines, ViewChanges } from '../../runtime/cli/view-changes.js';
import type { TraceEvent } from '../../runtime/trace/format.js';

const rms = ['rm-1', 'rm-2', 'rm-3'];
const view = (t: number, node: string, id: number, members: readonly string[]): TraceEvent => ({
  t,
  node,
  actor: 'group:bank',
  kind: 'view',
  group: 'bank',
  id,
  members,
});
const moved = (t: number, node: string, actor: string, event: string, from: string, to: string): TraceEvent => ({
  t,
  node,
  actor,
  kind: 'transition',
  event,
  from,
  to,
});
const answered = (t: number, request: string, ...by: string[]): TraceEvent => ({
  t,
  node: 'fe-1',
  actor: 'fe',
  kind: 'answered',
  request,
  by,
  outcome: { ok: true, value: 1 },
});
const crashed = (t: number, node: string, reason = 'fault', cause?: string): TraceEvent => ({
  t,
  node,
  kind: 'crashed',
  reason,
  ...(cause === undefined ? {} : { cause }),
});
const fault = (t: number, words: string): TraceEvent => ({ t, node: 'network', kind: 'fault', fault: words });

/** The lines of a trace, without the blanks before them. */
const told = (...events: readonly TraceEvent[]): string[] => {
  const changes = new ViewChanges();
  for (const event of events) changes.record(event);
  return courseLines(changes.courses).map((line) => line.trim());
};

const begun: readonly TraceEvent[] = [
  ...rms.map((node) => view(0, node, 1, rms)),
  moved(0, 'rm-1', 'rm', 'view', 'starting', 'primary.idle'),
  moved(0, 'rm-2', 'rm', 'view', 'starting', 'backup.following'),
  answered(5, 'alice#1', 'rm-1'),
];

describe('what came of a fault, read off a trace', () => {
  test('a take-over: the phase of the crash, suspicion, flush, view, new primary, first answer', () => {
    expect(
      told(
        ...begun,
        {
          t: 412,
          node: 'rm-1',
          actor: 'rm',
          cause: 'fe-1:1:7',
          kind: 'phase',
          phase: 'AC',
          requests: ['alice#2', 'bob#4'],
        },
        crashed(412, 'rm-1', 'fault', 'fe-1:1:7'),
        // On its way already, and so no sign that all is well.
        answered(413, 'carol#1', 'rm-1'),
        moved(440, 'rm-2', 'group:bank', 'suspicion', 'following.unstable', 'flushing'),
        moved(442, 'rm-3', 'group:bank', 'report', 'following.stable', 'flushing'),
        view(443, 'rm-2', 2, ['rm-2', 'rm-3']),
        moved(443.2, 'rm-2', 'rm', 'view', 'backup.following', 'primary.idle'),
        moved(443.5, 'rm-2', 'rm', 'requests', 'primary.idle', 'primary.agreeing.awaiting'),
        view(444, 'rm-3', 2, ['rm-2', 'rm-3']),
        answered(448, 'alice#2', 'rm-2'),
        answered(449, 'bob#4', 'rm-2'),
      ),
    ).toEqual([
      '0.0 ms  view 1: rm-1, rm-2, rm-3',
      '+0.0 ms  rm-1 is the primary',
      '412.0 ms  rm-1 crashed (in AC of alice#2 and 1 more)',
      '+28.0 ms  rm-2 suspects a member: it stops delivering, and says what it holds (flush)',
      '+30.0 ms  rm-3 stops delivering too, and says what it holds (flush)',
      '+31.0 ms  view 2: rm-2, rm-3 (rm-1 is out)',
      '+31.2 ms  rm-2 takes over as primary',
      '+36.0 ms  first answer: to alice#2, by rm-2',
    ]);
  });

  test('a crash during the take-over is part of its course; one in peace begins another', () => {
    const lines = told(
      ...begun,
      crashed(100, 'rm-1'),
      view(130, 'rm-2', 2, ['rm-2', 'rm-3']),
      crashed(131, 'rm-2'),
      view(160, 'rm-3', 3, ['rm-3']),
      moved(160, 'rm-3', 'rm', 'view', 'backup.logging', 'primary.idle'),
      answered(166, 'alice#2', 'rm-3'),
      fault(200, 'join:rm-4@200ms'),
      { t: 200, node: 'rm-4', kind: 'recovered', incarnation: 1 },
      view(230, 'rm-3', 4, ['rm-3', 'rm-4']),
      moved(260, 'rm-4', 'rm', 'view', 'joining.caughtUp', 'backup.following'),
    );
    expect(lines.slice(2)).toEqual([
      '100.0 ms  rm-1 crashed',
      '+30.0 ms  view 2: rm-2, rm-3 (rm-1 is out)',
      '+31.0 ms  rm-2 crashed',
      '+60.0 ms  view 3: rm-3 (rm-2 is out)',
      '+60.0 ms  rm-3 takes over as primary',
      '+66.0 ms  first answer: to alice#2, by rm-3',
      '200.0 ms  rm-4 is to join',
      '+0.0 ms  rm-4 starts',
      '+30.0 ms  view 4: rm-3, rm-4 (rm-4 is in)',
      '+60.0 ms  rm-4 has the state, and takes part',
    ]);
  });

  test('who is suspected wrongly is evicted, learns of it, and comes back as a new incarnation', () => {
    expect(
      told(
        ...begun,
        fault(50, 'suspect:rm-1@50ms'),
        moved(51, 'ms-2', 'membership', 'promise', 'serving.preparing', 'serving.leading'),
        view(60, 'rm-2', 2, ['rm-2', 'rm-3']),
        moved(61, 'rm-1', 'group:bank', 'decided', 'flushing', 'ended'),
        moved(61, 'rm-1', 'rm', 'view', 'primary.idle', 'deposed'),
        crashed(61, 'rm-1', 'evicted'),
        { t: 71, node: 'rm-1', kind: 'recovered', incarnation: 2 },
        view(80, 'rm-2', 3, ['rm-2', 'rm-3', 'rm-1']),
        answered(81, 'bob#1', 'rm-2'),
      ).slice(2),
    ).toEqual([
      '50.0 ms  everybody is told to suspect rm-1',
      '+1.0 ms  ms-2 leads the membership service',
      '+10.0 ms  view 2: rm-2, rm-3 (rm-1 is out)',
      '+11.0 ms  rm-1 is the primary no more',
      '+11.0 ms  rm-1 learns that the others have gone on without it, and stops',
      '+21.0 ms  rm-1 is back, as incarnation 2',
      '+30.0 ms  view 3: rm-2, rm-3, rm-1 (rm-1 is in)',
      '+31.0 ms  first answer: to bob#1, by rm-2',
    ]);
  });

  test('who leaves, an actor that throws, a partition that heals, a node that comes back', () => {
    expect(
      told(
        ...begun,
        fault(10, 'leave:rm-3'),
        crashed(15, 'rm-3', 'left'),
        answered(16, 'alice#2', 'rm-1'),
        crashed(20, 'rm-2', 'ACTOR_FAILED: rm threw'),
        answered(26, 'alice#3'),
        { t: 30, node: 'rm-2', kind: 'recovered', incarnation: 2 },
        fault(40, 'partition:rm-1|rm-2@40ms..50ms'),
        fault(50, 'partition:rm-1|rm-2@40ms..50ms heals'),
        answered(56, 'alice#4', 'rm-1', 'rm-2'),
      ).slice(2),
    ).toEqual([
      '10.0 ms  rm-3 is to leave',
      '+5.0 ms  rm-3 has left, and stops',
      '+6.0 ms  first answer: to alice#2, by rm-1',
      '20.0 ms  rm-2 crashed: ACTOR_FAILED: rm threw',
      '+6.0 ms  first answer: to alice#3',
      '30.0 ms  rm-2 recovered as incarnation 2',
      '40.0 ms  partition:rm-1|rm-2@40ms..50ms',
      '+10.0 ms  partition:rm-1|rm-2@40ms..50ms heals',
      '+16.0 ms  first answer: to alice#4, by rm-1 and rm-2',
    ]);
  });

  test('where nothing happens there is nothing to tell; a view that comes by itself is told', () => {
    expect(told(...begun, fault(0, 'loss:0.2'), answered(9, 'bob#1', 'rm-1'))).toEqual([]);
    expect(told(...begun, view(90, 'rm-2', 2, ['rm-1', 'rm-2'])).slice(2)).toEqual([
      '90.0 ms  view 2: rm-1, rm-2 (rm-3 is out)',
    ]);
  });

  test('nodes that are no members flush unseen, and a long story is cut', () => {
    expect(
      told(...begun, crashed(20, 'rm-1'), moved(21, 'fe-1', 'group:bank', 'flush', 'following', 'flushing')),
    ).toHaveLength(3);
    const many = Array.from({ length: 30 }, (_, i) => [crashed(20 + i, 'rm-1'), answered(20.5 + i, `a#${i}`)]).flat();
    expect(told(...begun, ...many).at(-1)).toBe('… and 23 more');
    const long = Array.from({ length: 40 }, (_, i) => view(30 + i, 'rm-2', 2 + i, ['rm-2', 'rm-3']));
    expect(told(...begun, crashed(20, 'rm-1'), ...long).at(-1)).toBe('… and 25 more steps');
  });
});
