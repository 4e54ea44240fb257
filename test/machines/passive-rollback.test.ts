import { describe, expect, test } from '@jest/globals';
import { LOG_BOUND } from '../../machines/passive/backup.js';
import { rollbackReplicaManager } from '../../machines/passive/rollback.js';
import type { Effect } from '../../machines/shared/effects.js';
import { groupName, nodeId } from '../../machines/shared/identifiers.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { Coverage, defaults, discards, line, members, Player, phased, request, sends, sent } from './stage.js';

const coverage = new Coverage();

function replica(more: Partial<StyleSettings> = {}, node = 'rm-1', incarnation = 1) {
  const machine = rollbackReplicaManager(line(), { ...defaults, backups: 'rollback', ...more });
  const input = { node: nodeId(node), incarnation, group: groupName('g'), members: members(2) };
  const player = new Player(machine, input, coverage);
  return {
    player,
    recovered: (...records: unknown[]) => player.tell('recovered', records, 'rm-1/storage'),
    asks: (...requests: ReturnType<typeof request>[]) =>
      player.tell('requests', [{ frontEnd: 'fe-1/fe', requests }], 'fe-1/fe'),
    persisted: (...numbers: number[]) => player.tell('persisted', numbers, 'rm-1/storage'),
  };
}

const persists = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'persist' ? [effect] : []));
const values = (effects: readonly Effect[]): unknown[] =>
  sends(effects).flatMap(({ message }) =>
    (message.items as { outcome?: { value?: unknown } }[]).map(({ outcome }) => outcome?.value),
  );

/** A log that some incarnation wrote, and what it came to. */
function written(batches: number, more: Partial<StyleSettings> = {}) {
  const { player, recovered, asks, persisted } = replica(more);
  recovered();
  let log: unknown[] = [];
  let longest = 0;
  for (let seq = 1; seq <= batches; seq++) {
    for (const { records, replace, number } of persists(asks(request('a', seq)))) {
      log = replace === true ? [...records] : [...log, ...records];
      persisted(number);
    }
    longest = Math.max(longest, log.length);
  }
  return { log, longest, text: player.context.current.value.text as string };
}

describe('rollback recovery', () => {
  test('PB-13: the primary answers when its log has the batch and no crash can undo that', () => {
    const { recovered, asks, persisted } = replica();
    recovered();
    const effects = asks(request('a', 1));
    expect(phased(effects)).toEqual([
      ['SC', 'a#1'],
      ['EX', 'a#1'],
      ['AC', 'a#1'],
    ]);
    expect(sends(effects)).toEqual([]);
    expect(persists(effects).map(({ number }) => number)).toEqual([1]);
    expect(discards(persisted(9))).toEqual(['persisted late 1']);
    expect(values(persisted(1))).toEqual(['a1 ']);
  });

  test('PB-13: what comes meanwhile is the next batch; queries see what is safe, at once', () => {
    const { recovered, asks, persisted } = replica();
    recovered();
    asks(request('a', 1));
    expect(values(asks(request('b', 1, 'read')))).toEqual(['']);
    asks(request('c', 1), request('d', 1));
    expect(persists(persisted(1)).map(({ number }) => number)).toEqual([2]);
    expect(values(persisted(2))).toEqual(['a1 c1 ', 'a1 c1 d1 ']);
    expect(values(asks(request('b', 2, 'read')))).toEqual(['a1 c1 d1 ']);
  });

  test.each(['state', 'requests'] as const)(
    'PB-13: a backup made of the log of %s goes on where the primary left off',
    (transfer) => {
      const { log, text } = written(5, { transfer });
      const { player, recovered, asks, persisted } = replica({ transfer }, 'rm-1', 2);
      const answers = recovered(...log);
      expect(sent(answers)).toEqual(['fe-1/fe replies 1', 'rm-2/rm returned 1']);
      expect(values(answers.slice(0, 2))).toEqual([text]);
      expect(player.context.current.value.text).toBe(text);
      // PB-3: executed before the crash, so not again.
      const repeated = asks(request('a', 5));
      expect([values(repeated), persists(repeated)]).toEqual([[text], []]);
      asks(request('a', 6));
      expect(values(persisted(1))).toEqual([`${text}a6 `]);
    },
  );

  test('PB-13: the log has a bound: then the whole state takes its place', () => {
    const { log, longest, text } = written(LOG_BOUND * 2 + 10);
    expect(longest).toBe(LOG_BOUND + 1);
    const { player, recovered } = replica({}, 'rm-1', 2);
    recovered(...log);
    expect(player.context.current.value.text).toBe(text);
    expect(player.context.current.version).toBe(LOG_BOUND * 2 + 10);
    expect(player.context.logged).toBe(log.length - 1);
  });

  test('PB-13: records that nobody wrote are counted', () => {
    const { recovered } = replica();
    expect(discards(recovered('x', { form: 'checkpoint', parts: 1 }))).toEqual(['recovered malformed 2']);
  });

  test('PB-16: who has no state passes requests on', () => {
    const { player, recovered, asks } = replica({}, 'rm-2');
    expect(recovered()).toEqual([]);
    expect(sent(asks(request('a', 1)))).toEqual(['rm-1/rm requests 1']);
    expect(player.tell('gone', [])).toEqual([]);
    expect(player.tell('returned', [{ incarnation: 2 }])).toEqual([]);
    expect(discards(player.tell('persisted', [1]))).toEqual(['persisted unfit 1']);
  });

  test('every state and transition has been taken', () => {
    expect(coverage.missing(rollbackReplicaManager(line(), defaults))).toEqual([]);
  });
});
