import { describe, expect, test } from '@jest/globals';
import {
  type Delivered,
  type DeliveryLog,
  type DeliveryRule,
  deliveryRules,
  type Sent,
  violations,
} from '../../../runtime/check/deliveries.js';

const message = (id: string): { sender: string; seq: number } => {
  const [sender = '', seq = ''] = id.split('#');
  return { sender, seq: Number(seq) };
};

/** `a#1` was sent by a correct sender, `!a#1` by one that crashed; after `<` comes its past. */
function sent(...lines: string[]): Sent[] {
  return lines.map((line) => {
    const [id = '', past] = line.split(' < ');
    return { ...message(id.replace('!', '')), correct: !id.startsWith('!'), past: past?.split(' ').map(message) ?? [] };
  });
}

/** `p: a#1 a#2`; `!p:` is a process that crashed; `a#1@3` was handed over with number 3. */
function log(messages: Sent[], ...lines: string[]): DeliveryLog {
  return {
    sent: messages,
    processes: lines.map((line) => {
      const [process = '', handled = ''] = line.split(':');
      const delivered = handled
        .split(' ')
        .filter((id) => id !== '')
        .map((id): Delivered => {
          const [plain = '', number] = id.split('@');
          return { ...message(plain), ...(number === undefined ? {} : { number: Number(number) }) };
        });
      return { process: process.replace('!', ''), correct: !process.startsWith('!'), delivered };
    }),
  };
}

const broken = (history: DeliveryLog): DeliveryRule[] =>
  deliveryRules.filter((rule) => violations(history, rule).length > 0);

describe('the checkers find what is wrong, and only that', () => {
  test('nothing is wrong with nothing, nor with what all handled alike', () => {
    expect(broken(log([], 'p:', 'q:'))).toEqual([]);
    expect(broken(log(sent('a#1', 'b#1 < a#1', 'a#2'), 'p: a#1@1 b#1@2 a#2@3', 'q: a#1@1 b#1@2 a#2@3'))).toEqual([]);
  });

  test('CC-5, MC-1: integrity: never sent, and handled twice', () => {
    const unsent = log(sent('a#1'), 'p: a#1 a#2', 'q: a#1 a#2');
    expect(violations(unsent, 'integrity').map(({ process }) => process)).toEqual(['p', 'q']);
    const twice = log(sent('a#1'), 'p: a#1 a#1');
    expect(violations(twice, 'integrity')).toEqual([{ rule: 'integrity', process: 'p', why: 'handled a#1 twice' }]);
    expect(violations(log(sent('!a#1'), '!p: a#1 a#1'), 'integrity')).toHaveLength(1);
  });

  test("CC-5, MC-1: validity: a correct sender's message that a correct process never handles", () => {
    expect(broken(log(sent('a#1'), 'p:', 'q:'))).toEqual(['validity']);
    expect(broken(log(sent('!a#1'), 'p:', 'q:'))).toEqual([]);
    expect(broken(log(sent('a#1'), 'p: a#1', '!q:'))).toEqual([]);
  });

  test('CC-5, MC-1: agreement, and uniform agreement', () => {
    expect(broken(log(sent('!a#1'), 'p: a#1', 'q:'))).toEqual(['agreement', 'uniform agreement']);
    expect(broken(log(sent('!a#1'), '!p: a#1', 'q:'))).toEqual(['uniform agreement']);
    expect(broken(log(sent('!a#1'), 'p: a#1', '!q:'))).toEqual([]);
  });

  test('CC-5, MC-2: fifo: out of order, and over a gap', () => {
    const messages = sent('a#1', 'a#2', 'b#1');
    expect(violations(log(messages, 'p: a#2 b#1 a#1'), 'fifo').map(({ why }) => why)).toEqual([
      'handled a#2 next after a#0',
      'handled a#1 next after a#2',
    ]);
    expect(broken(log(sent('!a#1', '!a#2'), 'p: a#2'))).toEqual(['fifo']);
    expect(broken(log(messages, 'p: b#1 a#1 a#2', 'q: a#1 b#1 a#2'))).toEqual(['total', 'uniform total']);
  });

  test('CC-5, MC-3: causal: before its past, without it, and through messages that were never handled', () => {
    expect(broken(log(sent('a#1', 'b#1 < a#1'), 'p: b#1 a#1'))).toEqual(['causal']);
    expect(violations(log(sent('a#1', 'b#1 < a#1'), '!p: b#1', 'q: a#1 b#1'), 'causal')).toEqual([
      { rule: 'causal', process: 'p', why: 'handled b#1 without a#1, which is in its past' },
    ]);
    const through = sent('a#1', '!b#1 < a#1', 'c#1 < b#1');
    expect(violations(log(through, 'p: c#1 a#1'), 'causal')).toHaveLength(1);
    expect(violations(log(through, 'p: a#1 c#1'), 'causal')).toEqual([]);
    const own = sent('a#1', 'a#2', 'b#1 < a#2');
    expect(violations(log(own, 'p: b#1 a#1 a#2'), 'causal')).toHaveLength(1);
  });

  test("CC-5, MC-3: causal: what is lost with its crashed sender is in nobody's way", () => {
    const lost = sent('!a#1', 'b#1 < a#1');
    expect(broken(log(lost, 'p: b#1', 'q: b#1'))).toEqual([]);
    expect(violations(log(lost, 'p: b#1', 'q: a#1 b#1'), 'causal')).toHaveLength(1);
    expect(violations(log(lost, '!p: a#1 b#1', 'q: b#1'), 'causal')).toEqual([]);
  });

  test('CC-5, MC-3: causal: a past must be listed before who has it', () => {
    expect(() => violations(log(sent('b#1 < a#1', 'a#1'), 'p:'), 'causal')).toThrow('a#1');
  });

  test('CC-5, MC-4: total: another order, a hole, and what only a crashed one did', () => {
    const messages = sent('!a#1', '!b#1', '!c#1');
    expect(broken(log(messages, 'p: a#1 b#1', 'q: b#1 a#1'))).toEqual(['total', 'uniform total']);
    expect(violations(log(messages, 'p: a#1 b#1 c#1', 'q: a#1 c#1'), 'total').map(({ process }) => process)).toEqual([
      'q',
    ]);
    expect(violations(log(messages, 'p: a#1 b#1 c#1', 'q: a#1 b#1'), 'total')).toEqual([]);
    expect(violations(log(messages, 'p: a#1', 'q: b#1'), 'total')).toEqual([]);
    const crashed = log(messages, 'p: a#1 b#1', '!q: b#1 a#1');
    expect([violations(crashed, 'total').length, violations(crashed, 'uniform total').length > 0]).toEqual([0, true]);
  });

  test('CC-5, MC-4: total: numbers that disagree, or leave one out', () => {
    const messages = sent('!a#1', '!b#1');
    expect(violations(log(messages, 'p: a#1@1', 'q: b#1@1'), 'total')).toHaveLength(1);
    expect(violations(log(messages, 'p: a#1@1 b#1@3'), 'total')).toHaveLength(1);
    expect(violations(log(messages, 'p: a#1@4 b#1@5', 'q: a#1@4 b#1@5'), 'total')).toEqual([]);
  });

  test('time follows the size of the log', () => {
    const history = (n: number): DeliveryLog => {
      const messages = Array.from({ length: n }, (_, i) => `s${i % 8}#${Math.floor(i / 8) + 1}`);
      const past = (i: number): string => (i === 0 ? '' : ` < ${messages[i - 1]}`);
      const line = messages.map((id, i) => `${id}@${i + 1}`).join(' ');
      return log(
        sent(...messages.map((id, i) => id + past(i))),
        ...['p', 'q', 'r'].map((process) => `${process}: ${line}`),
      );
    };
    const ms = (n: number): number => {
      const whole = history(n);
      const runs = [1, 2, 3].map(() => {
        const start = performance.now();
        expect(broken(whole)).toEqual([]);
        return performance.now() - start;
      });
      return Math.min(...runs);
    };
    ms(1_000);
    // Quadratic would be 100 times.
    expect(ms(20_000) / Math.max(ms(2_000), 1)).toBeLessThan(60);
  });
});
