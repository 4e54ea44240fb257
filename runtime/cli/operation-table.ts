/**
 * Operations of a history as a person reads them: who asked what, what the answer was, and when.
 */
import Table from 'cli-table3';
import type { Json, Operation } from '../check/history.js';
import { borderless, drawn } from './table.js';

/** In the order of their calls. `marked` is the one that cannot be as it says. */
export function operationTable(operations: readonly Operation[], marked: Operation | null): string {
  const colAligns: Table.HorizontalAlignment[] = ['left', 'left', 'left', 'left', 'right', 'right'];
  const table = new Table({
    ...borderless,
    head: ['', 'client', 'operation', 'answer', 'called', 'answered'],
    colAligns,
  });
  for (const operation of [...operations].sort((a, b) => a.call - b.call)) {
    const { process, call, return: end } = operation;
    table.push([
      marked !== null && isSame(operation, marked) ? '✗' : '',
      String(process),
      operationText(operation),
      end === null ? '–' : answerText(operation.output),
      ms(call),
      end === null ? 'never' : ms(end),
    ]);
  }
  return drawn(table);
}

function operationText({ op, key, input }: Operation): string {
  const args = Array.isArray(input) ? input : input === null ? [] : [input];
  return callText(op, key === null ? args : [key, ...args]);
}

export const callText = (op: string, args: readonly unknown[]): string =>
  `${op}(${args.map((arg) => JSON.stringify(arg) ?? 'undefined').join(', ')})`;

const answerText = (output: Json): string => (output === null ? 'done' : JSON.stringify(output));

/** A process has one operation at a time. */
const isSame = (a: Operation, b: Operation): boolean => a.process === b.process && a.call === b.call;

const ms = (time: number): string => `${Number(time.toFixed(1))} ms`;
