import { describe, expect, test } from '@jest/globals';
import bank from '../../examples/bank/service.js';
import { executedTable, recordExecuted } from '../../machines/shared/executed-table.js';
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Standing } from '../../runtime/cluster/standing.js';
import { lossText, lostUpdates, UpdateLog } from '../../runtime/simulate/lost-updates.js';
import type { Scenario } from '../../runtime/simulate/scenario.js';
import { shrink } from '../../runtime/simulate/shrink.js';
import { tryScenario } from '../../runtime/simulate/trial.js';
import type { PlayedRequest } from '../../runtime/simulate/workload.js';

describe('which answered updates are lost', () => {
  const update = (session: string, seq: number, answered = true, ok = true): PlayedRequest =>
    ({
      op: 'deposit',
      args: ['x', seq],
      endedAt: 10 * seq,
      call: { session, seq, kind: 'update' },
      answer: answered ? { outcome: { ok, error: { code: 'REFUSED' } }, by: ['rm-1'] } : null,
    }) as unknown as PlayedRequest; // all that is read of it
  /** With these as the last requests of their sessions; null: its table does not say what is in its state. */
  const replica = (
    node: string,
    version: number,
    last: Readonly<Record<string, number>> | null,
    bound = 10,
  ): Standing => {
    let table = executedTable(bound);
    for (const [session, seq] of Object.entries(last ?? {}))
      table = recordExecuted(table, session, { seq, outcome: { ok: true, value: null }, version });
    const executed = last === null ? null : table;
    return { node: node as NodeId, state: 'live', replica: { value: {}, version, executed } }; // any text is a node
  };
  const crashed = (node: string): Standing => ({ node: node as NodeId, state: 'crashed', replica: null }); // as above
  const lost = (
    played: readonly PlayedRequest[],
    replicas: readonly Standing[],
    agree = true,
    log = new UpdateLog(),
  ) => {
    const { lost: count, named } = lostUpdates(played, replicas, agree, log);
    return [count, ...named.map(({ call }) => `${call.session}#${call.seq}`)];
  };

  test('PB-14: those that no live replica has executed, as far as its table goes', () => {
    const played = [update('s', 1), update('s', 2), update('t', 1), update('t', 2, false)];
    expect(lost(played, [replica('rm-1', 3, { s: 2, t: 1 }), crashed('rm-2')])).toEqual([0]);
    expect(lost(played, [crashed('rm-1'), replica('rm-2', 1, { s: 1 })])).toEqual([2, 's#2', 't#1']);
    expect(lost([...played, update('u', 1, true, false)], [replica('rm-1', 3, { s: 2, t: 1 })])).toEqual([0]);
    // What nobody was told may be gone, and one that has it is enough.
    expect(lost(played, [replica('rm-1', 2, { s: 2 }), replica('rm-2', 1, { t: 1 })], false)).toEqual([0]);
  });

  test('PB-14: a table that may have forgotten a session says nothing of it', () => {
    const full = replica('rm-1', 3, { t: 1, u: 1 }, 1);
    expect(lost([update('s', 1), update('t', 1), update('u', 1)], [full])).toEqual([0]);
  });

  test('PB-14: where the one state holds fewer updates than were answered, as many are lost, whoever had them', () => {
    // The session went on elsewhere, so its table does not say that its first update is not there.
    const played = [update('s', 1), update('s', 2)];
    const replicas = [replica('rm-2', 1, { s: 2 })];
    expect(lost(played, replicas)).toEqual([1]);
    expect(lossText(lostUpdates(played, replicas, true, new UpdateLog()), replicas, new UpdateLog())).toBe(
      '2 updates were answered, and no more than 1 are in the state that rm-2 goes on with.',
    );
    // Of states that differ the counts say nothing: together they may hold all.
    expect(lost(played, [...replicas, replica('rm-3', 1, { s: 1 })], false)).toEqual([0]);
  });

  test('PB-14: where the table does not say, the trace does, since the replica started last', () => {
    const log = new UpdateLog();
    log.record({ t: 1, node: 'rm-1', actor: 'rm', kind: 'phase', phase: 'EX', requests: ['s#1', 's#2'] });
    log.record({ t: 2, node: 'rm-2', actor: 'rm', kind: 'phase', phase: 'AC', requests: ['s#1'] });
    const played = [update('s', 1), update('s', 2)];
    expect(lost(played, [replica('rm-1', 2, null), replica('rm-2', 1, null)], false, log)).toEqual([0]);
    log.record({ t: 3, node: 'rm-1', kind: 'crashed', reason: 'fault' });
    expect(lost(played, [replica('rm-1', 0, null), replica('rm-2', 1, null)], false, log)).toEqual([1, 's#2']);
  });
});

describe('in a run', () => {
  const scenario: Scenario = {
    seed: 1,
    replication: 'lazy',
    replicas: 3,
    tolerate: 'crash',
    order: 'fifo',
    reads: 'order',
    retryAfter: 500,
    delay: [1, 3],
    loss: 0,
    duplicate: 0,
    faults: ['crash:rm-1@sent:replies#2'],
    requests: [
      { at: 0, client: 'bob', op: 'deposit', args: ['y', 2] },
      { at: 100, client: 'alice', op: 'deposit', args: ['x', 1] },
      { at: 900, client: 'bob', op: 'total', args: [] },
    ],
    via: {},
    faultsEndAt: 1000,
  };
  const found = (changed: Partial<Scenario> = {}) =>
    tryScenario(bank, { ...scenario, ...changed }, { property: 'sequential' }).violations.filter(
      ({ property }) => property === 'lost update',
    );

  test('PB-14: an update dies with the master that answered it, and the run says who had it and who has not', () => {
    expect(found()).toEqual([
      {
        property: 'lost update',
        why: expect.stringMatching(
          /^deposit\("x", 1\) of alice \(alice#1\) was answered at 10\d(\.\d)? ms and is lost: rm-1, which answered it, crashed at 10\d(\.\d)? ms, and it is not in the state that rm-2 and rm-3 have\.$/,
        ),
        part: [],
      },
    ]);
  });

  test('PB-14: passive and active replication lose nothing by the same crash', () => {
    expect(found({ replication: 'passive' })).toEqual([]);
    expect(found({ replication: 'active', order: 'total' })).toEqual([]);
    expect(found({ replication: 'active', order: 'total', more: { membership: 'dynamic' } })).toEqual([]);
  });

  test('PB-14: a wrong suspicion is enough', () => {
    const cut = 'partition:rm-1>rm-2,rm-3@90ms..600ms';
    const [one] = found({ faults: [cut, 'suspect:rm-1@110ms'] });
    expect(one?.why).toMatch(/rm-1, which answered it, was gone on without, and started anew at/);
  });

  test('PB-14: where nobody is left with a state nothing is said to be lost', () => {
    expect(found({ faults: ['crash:rm-1@200ms', 'crash:rm-2@200ms', 'crash:rm-3@200ms'] })).toEqual([]);
  });

  test('PB-14: the run is made as small as one update and one crash', () => {
    const drawn = { ...scenario, faults: [...scenario.faults, 'slow:fe-1:3', 'skew:rm-2:1.5'] };
    const { scenario: small, trial } = shrink(bank, drawn, 'lost update', { property: 'sequential' });
    expect(small.requests).toHaveLength(1);
    expect(small.faults).toEqual([expect.stringMatching(/^crash:rm-1@/)]);
    expect(small.replicas).toBe(2);
    expect(trial.violations.map(({ property }) => property)).toContain('lost update');
  });
});
