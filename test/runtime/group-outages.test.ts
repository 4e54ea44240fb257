/**
 * How long nobody answers, and who is held up, when a member of passive replication crashes, is cut off or is slow: counted in
 * message delays of 1 ms from its detection on, which is when the membership service suspects it or hears that a member does.
 */
import { describe, expect, test } from '@jest/globals';
import type { SimulateSettings } from '../../runtime/simulate/simulation.js';
import type { PlannedRequest } from '../../runtime/simulate/workload.js';
import { type Run, run } from './runs.js';

const passive = (settings: SimulateSettings): SimulateSettings => ({
  replication: 'passive',
  delay: [1, 1],
  heartbeat: 20,
  suspectAfter: 200,
  ...settings,
});

/** Calls of one client that makes each as soon as the one before is answered. */
const endless = (count: number, client: string, op: string, ...args: number[]): PlannedRequest[] =>
  Array.from({ length: count }, () => ({ at: 60, client, op, args }));

const nodes = ['rm-1', 'rm-2', 'rm-3', 'ms-1', 'ms-2', 'ms-3', 'fe-1'];
const cutOff = (victim: string): string => `partition:${victim}|${nodes.filter((node) => node !== victim)}`;
/** No two detectors look at the same moment. */
const apart = ['skew:rm-1:1.01', 'skew:rm-2:1.02', 'skew:rm-3:0.98', 'skew:ms-1:0.97', 'skew:ms-2:1.03'];

/** The service, which ms-1 leads, begins to collect reports. */
const isDetection = (event: Run['events'][number]): boolean =>
  event.kind === 'transition' && event.node === 'ms-1' && event.to.startsWith('serving.leading.collecting');

interface Outage {
  /** Message delays from the detection to the answer that was waited for longest. */
  readonly delays: number;
  /** From there to the view without the victim, at the primary. */
  readonly untilView: number;
  /** The update was with the backups already when its primary stopped for the view to end. */
  readonly wasSent: boolean;
}

function outage(victim: string, fault: (at: number) => string, at: number, skews: readonly string[]): Outage {
  const of = run(passive({ faults: [...skews, fault(at)] }), endless(40, 'client-1', 'add', 1), {
    keep: ({ kind, t }) => (kind === 'transition' || kind === 'view' || kind === 'sent') && t >= at,
  });
  expect(of.verdict.unanswered).toEqual([]);
  const [longest] = of.played
    .filter(({ endedAt }) => endedAt > at)
    .sort((a, b) => b.endedAt - b.calledAt - (a.endedAt - a.calledAt));
  const { calledAt = 0, endedAt = 0 } = longest ?? {};
  const events = of.events.filter(({ node, t }) => node !== victim && t <= endedAt);
  const first = events.find(isDetection)?.t ?? Number.NaN;
  const primary = victim === 'rm-1' ? 'rm-2' : 'rm-1';
  const view = events.find(({ kind, node }) => kind === 'view' && node === primary)?.t ?? Number.NaN;
  const sent = events.find(({ kind, node, t, ...event }) => {
    return kind === 'sent' && node === 'rm-1' && t >= calledAt && 'type' in event && event.type === 'data';
  });
  const wasSent = sent !== undefined && sent.t < view;
  return { delays: endedAt - first, untilView: view - first, wasSent };
}

describe('PB-8: without an answer', () => {
  /** Every delay of an update, which takes four. */
  const moments = [120, 121, 122, 123];

  test.each([
    ['crashes', (at: number) => `crash:rm-1@${at}ms`],
    ['is cut off', (at: number) => `${cutOff('rm-1')}@${at}ms..400ms`],
  ])('PB-8: when the primary %s, the next answer comes 8 message delays after its detection at most', (_, fault) => {
    for (const skews of [[], apart]) {
      for (const at of moments) {
        const { delays, untilView } = outage('rm-1', fault, at, skews);
        expect(untilView).toBeLessThan(4.001);
        expect(delays).toBeLessThan(8.001);
      }
    }
    // All notice at once: reports, the proposal, its acceptances; the request again, the update, the acknowledgement, the reply.
    expect(outage('rm-1', (at) => `crash:rm-1@${at}ms`, 120, [])).toMatchObject({ delays: 7, untilView: 3 });
  });

  test.each([
    ['crashes', (at: number) => `crash:rm-2@${at}ms`],
    ['is cut off', (at: number) => `${cutOff('rm-2')}@${at}ms..400ms`],
  ])('PB-8: when a backup %s, updates go on 4 message delays after its detection at most', (_, fault) => {
    for (const skews of [[], apart]) {
      for (const at of moments) {
        const { delays, untilView, wasSent } = outage('rm-2', fault, at, skews);
        expect(untilView).toBeLessThan(4.001);
        // The update that was with the backups has then only its reply to come; the next one has all but the request.
        expect(delays).toBeLessThan(wasSent ? 5.001 : 7.001);
      }
    }
    expect(outage('rm-2', (at) => `crash:rm-2@${at}ms`, 120, [])).toEqual({ delays: 4, untilView: 3, wasSent: true });
  });
});

describe('PB-7: a backup that is slow', () => {
  const slow = (factor: number) => `slow:rm-2:${factor}@100ms..400ms`;
  /** ms that the longest update and the longest query took which were called while the backup was slow, and the views there were. */
  const longest = (factor: number, settings: SimulateSettings) => {
    const requests = [...endless(150, 'client-1', 'add', 1), ...endless(250, 'client-2', 'total')];
    const of = run(passive({ faults: [slow(factor)], ...settings }), requests, {
      keep: ({ kind, node, t }) => kind === 'view' && node === 'rm-1' && t > 0,
    });
    expect(of.verdict.unanswered).toEqual([]);
    const taken = (client: string): number =>
      Math.max(
        ...of.played
          .filter((each) => each.client === client && each.endedAt > 100 && each.calledAt < 400)
          .map(({ calledAt, endedAt }) => endedAt - calledAt),
      );
    return { update: taken('client-1'), query: taken('client-2'), evicted: of.events[0]?.t ?? null };
  };

  test('PB-7: updates go at its pace, and so do queries that all backups confirm; none of them is stopped', () => {
    expect(longest(5, {})).toEqual({ update: 1 + 5 + 5 + 1, query: 1 + 5 + 5 + 1, evicted: null });
  });

  test('PB-7: under a lease queries do not notice it', () => {
    expect(longest(5, { lease: 400 })).toEqual({ update: 1 + 5 + 5 + 1, query: 2, evicted: null });
  });

  test('PB-7: one that is slower than its suspicion is evicted, and then updates go on without it', () => {
    const without = longest(1000, {});
    const leased = longest(1000, { lease: 400 });
    for (const { update, evicted } of [without, leased]) {
      expect(evicted).toBeGreaterThan(100 + 150);
      expect(evicted).toBeLessThan(100 + 250);
      expect(update).toBeLessThanOrEqual((evicted ?? 0) - 100 + 4);
    }
    // What needs its confirmation waits like an update; under a lease only the queries of the view change wait.
    expect(without.query).toBeLessThanOrEqual((without.evicted ?? 0) - 100 + 8);
    expect(leased.query).toBeLessThanOrEqual(8);
  });

  test('PB-12: queries at other backups do not notice it', () => {
    const requests = [...endless(40, 'client-1', 'add', 1), ...endless(90, 'client-2', 'total')];
    const of = run(passive({ reads: 'backups', faults: ['slow:rm-3:5@100ms..400ms'] }), requests);
    const queries = of.played.filter(({ client }) => client === 'client-2');
    const readers = new Set(queries.flatMap(({ answer }) => answer?.by ?? []));
    expect([...readers]).not.toContain('rm-3');
    expect(Math.max(...queries.map(({ calledAt, endedAt }) => endedAt - calledAt))).toBe(2);
  });
});

describe('PB-7: a view change that the primary takes part in waits for no lease', () => {
  test.each([
    ['joins', ['join:rm-4@100ms']],
    ['crashes, and is back', ['crash:rm-2@100ms', 'recover:rm-2@200ms']],
    ['is suspected wrongly, and is back', ['suspect:rm-3@100ms']],
  ])('PB-7: when a member %s', (_, faults) => {
    const of = run(passive({ lease: 2000, faults }), endless(80, 'client-1', 'add', 1), {
      keep: ({ kind, node }) => kind === 'view' && node === 'rm-1',
    });
    expect(of.verdict.unanswered).toEqual([]);
    // Once it has the state there is a view in which it is a full member.
    const last = of.events.at(-1);
    expect(last?.kind === 'view' ? [last.members.length, last.joining] : []).toEqual([
      faults[0]?.startsWith('join') ? 4 : 3,
      undefined,
    ]);
    expect(Math.max(...of.played.map(({ calledAt, endedAt }) => endedAt - calledAt))).toBeLessThan(20);
  });
});
