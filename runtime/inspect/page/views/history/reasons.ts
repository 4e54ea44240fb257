/** Why a part of a history cannot be put in order, in sentences that need no knowledge of the field. */
import type { Operation, Verdict } from '../../../protocol.js';
import { valueText } from '../requests/rows.js';

export const callText = ({ op, args }: Operation): string => `${op}(${args.map(valueText).join(', ')})`;

/** Operations up to which all are shown and told of; of more, only the part that fails. */
const FEW = 12;
/** Pairs that a sentence names. */
const PAIRS = 10;

/** What is to be seen of a history: all of it where it holds or is short. */
export function shownOf({ operations, part }: Verdict, all: boolean): readonly number[] {
  return all || part.length === 0 || operations.length <= FEW ? operations.map((_, place) => place) : part;
}

/** Numbers of the operations that the reasons speak of, from 1, by the time of their call; none where there is nothing to explain. */
export function numbersOf(verdict: Verdict): ReadonlyMap<number, number> {
  const { operations, part } = verdict;
  if (part.length === 0) return new Map();
  const byCall = [...shownOf(verdict, false)].sort(
    (a, b) => (operations[a]?.calledAt ?? 0) - (operations[b]?.calledAt ?? 0) || a - b,
  );
  return new Map(byCall.map((place, i) => [place, i + 1]));
}

/** The part that fails is of so many that pairs of them say nothing. */
export const isLarge = ({ part }: Verdict): boolean => part.length > FEW;

export interface Rule {
  readonly text: string;
  /** Pairs of numbers: the first of them must come before the second. */
  readonly before: readonly (readonly [number, number])[];
}

/** What any order of the part would have to keep. */
export function rulesOf(verdict: Verdict): Rule[] {
  const { operations, property } = verdict;
  if (isLarge(verdict))
    return property === 'sequential' ? [ownOrder('each client')] : [ownOrder('each client'), realTime];
  const numbers = [...numbersOf(verdict)].flatMap(([place, number]) => {
    const operation = operations[place];
    return operation === undefined ? [] : [{ number, operation }];
  });
  const clients = new Map<string, number[]>();
  for (const { number, operation } of numbers)
    clients.set(operation.client, [...(clients.get(operation.client) ?? []), number]);
  const own = [...clients].flatMap(([client, of]): Rule[] => {
    if (of.length < 2) return [];
    const before = of.slice(1).map((number, i): [number, number] => [of[i] ?? 0, number]);
    return [{ ...ownOrder(client), before }];
  });
  if (property === 'sequential') return own;
  const pairs = numbers.flatMap((a) =>
    numbers
      .filter((b) => a.operation.client !== b.operation.client && earlier(a.operation, b.operation))
      // What follows from two others need not be said.
      .filter((b) => !numbers.some((c) => earlier(a.operation, c.operation) && earlier(c.operation, b.operation)))
      .map((b): [number, number] => [a.number, b.number]),
  );
  if (pairs.length === 0) return own;
  return [...own, { ...realTime, before: pairs.slice(0, PAIRS) }];
}

const ownOrder = (client: string): Rule => ({
  text: `What ${client} did stays in the order in which ${client} did it`,
  before: [],
});
const realTime: Rule = { text: 'What was answered before something else was called comes before it', before: [] };

const earlier = (a: Operation, b: Operation): boolean => a.answeredAt !== null && a.answeredAt < b.calledAt;

/** What the property asks for. */
export const propertyText = {
  sequential:
    'There is one order of all operations in which each client finds its own as it made them, and every answer is what the operations before it lead to.',
  linearizable:
    'There is one order of all operations in which every answer is what the operations before it lead to, and what was answered before another was called comes before it: as if there were a single server.',
} as const satisfies Record<Verdict['property'], string>;
