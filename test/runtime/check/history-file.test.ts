import { describe, expect, test } from '@jest/globals';
import type { History } from '../../../runtime/check/history.js';
import { formatHistory, HistoryError, parseHistory } from '../../../runtime/check/history-file.js';
import { models } from '../../../runtime/check/models.js';

const PUT = '{"process":0,"op":"put","key":"7","input":"v1","output":null,"call":12,"return":25}';
const GET = '{"process":"b","op":"get","key":"7","output":"v1","call":13,"return":null}';

/** Where and in what field it is refused. */
function refusal(...lines: string[]): { line: number; field: string | null } {
  try {
    parseHistory(lines.join('\n'));
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toMatch(/^Line \d+: .*\.$/);
    return { line: error.line, field: error.field };
  }
  throw new Error('it was taken');
}

/** PUT with other fields. */
const put = (fields: object): string => JSON.stringify({ ...(JSON.parse(PUT) as object), ...fields });

describe('a history as a file', () => {
  test('CC-1: operations are read, one a line, and written again as they were', () => {
    const history = parseHistory(`{"object":"kv","initial":{"7":"v0"}}\n\n${PUT}\r\n${GET}\n`);
    const expected: History = {
      object: 'kv',
      initial: { '7': 'v0' },
      operations: [
        { process: 0, op: 'put', key: '7', input: 'v1', output: null, call: 12, return: 25 },
        { process: 'b', op: 'get', key: '7', input: null, output: 'v1', call: 13, return: null },
      ],
    };
    expect(history).toEqual(expected);
    expect(parseHistory(formatHistory(history))).toEqual(expected);
    expect(parseHistory([PUT, GET])).toEqual({ ...expected, object: null, initial: undefined });
    expect(parseHistory('')).toEqual({ object: null, initial: undefined, operations: [] });
  });

  test('CC-1: the lines may come in any order, and a process may go on at the instant of a return', () => {
    const next = put({ call: 25, return: 25 });
    expect(parseHistory([put({ call: 25, return: 30 }), next, PUT], models.kv).operations).toHaveLength(3);
  });

  test('what is no history is refused, with the line and the field', () => {
    expect(refusal(PUT, '', '{')).toEqual({ line: 3, field: null });
    expect(refusal('[]')).toEqual({ line: 1, field: null });
    expect(refusal('{"object":"kvs"}')).toEqual({ line: 1, field: 'object' });
    expect(refusal('{"object":7}')).toEqual({ line: 1, field: 'object' });
    expect(refusal('{"object":"constructor"}')).toEqual({ line: 1, field: 'object' });
    expect(refusal('{"object":"kv","initial":7}')).toEqual({ line: 1, field: 'initial' });
    expect(refusal(PUT, '{"object":"kv"}')).toEqual({ line: 2, field: 'process' });
    expect(refusal(put({ process: null }))).toEqual({ line: 1, field: 'process' });
    expect(refusal(put({ op: 7 }))).toEqual({ line: 1, field: 'op' });
    expect(refusal(put({ key: 7 }))).toEqual({ line: 1, field: 'key' });
    expect(refusal(put({ call: '12' }))).toEqual({ line: 1, field: 'call' });
    expect(refusal(PUT.replace('12', '1e999'))).toEqual({ line: 1, field: 'call' });
    expect(refusal(PUT.replace(',"return":25', ''))).toEqual({ line: 1, field: 'return' });
    expect(refusal(put({ return: 11 }))).toEqual({ line: 1, field: 'return' });
  });

  test('what is no operation of the object is refused', () => {
    const kv = '{"object":"kv"}';
    expect(refusal(kv, put({ op: 'push' }))).toEqual({ line: 2, field: 'op' });
    expect(refusal(kv, put({ op: 'toString' }))).toEqual({ line: 2, field: 'op' });
    expect(refusal(kv, put({ key: null }))).toEqual({ line: 2, field: 'key' });
    expect(refusal(kv, put({ input: 7 }))).toEqual({ line: 2, field: 'input' });
    expect(refusal(kv, put({ op: 'cas', input: ['a'] }))).toEqual({ line: 2, field: 'input' });
    expect(refusal(kv, put({ op: 'cas', input: ['a', 7] }))).toEqual({ line: 2, field: 'input' });
    const bank = '{"object":"bank"}';
    expect(refusal(bank, put({ op: 'constructor' }))).toEqual({ line: 2, field: 'op' });
    expect(refusal(bank, put({ op: 'deposit' }))).toEqual({ line: 2, field: 'input' });
    expect(refusal(bank, put({ op: 'deposit', input: 1, key: null }))).toEqual({ line: 2, field: 'key' });
    expect(refusal(bank, put({ op: 'transfer', input: { to: 'y', amount: 1 } }))).toEqual({ line: 2, field: 'input' });
    expect(refusal('{"object":"counter"}', put({ op: 'add' }))).toEqual({ line: 2, field: 'input' });
    expect(() => parseHistory('{"object":"kv"}', models.bank)).toThrow('a history of a kv, not of a bank');
  });

  test('a process has one operation at a time, and none after one that never returned', () => {
    expect(refusal(PUT, put({ call: 24, return: 30 }))).toEqual({ line: 2, field: 'call' });
    expect(refusal(put({ call: 24, return: 30 }), PUT)).toEqual({ line: 1, field: 'call' });
    expect(refusal(put({ return: null }), '', put({ call: 30, return: 31 }))).toEqual({ line: 3, field: 'call' });
  });
});
