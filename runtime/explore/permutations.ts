/**
 * Ways to rename nodes, as lists and maps: pure functions, which symmetry.ts puts to use.
 */
import type { Renaming } from './renaming.js';

export const describe = ({ names }: Renaming): string =>
  [...names]
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => `${from} is called ${to}`)
    .join(' and ');

export const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** The identity comes first. */
export function orders(nodes: readonly string[]): string[][] {
  if (nodes.length === 0) return [[]];
  return nodes.flatMap((first) => orders(nodes.filter((node) => node !== first)).map((rest) => [first, ...rest]));
}

export const joined = (
  names: ReadonlyMap<string, string>,
  from: readonly string[],
  to: readonly string[],
): Map<string, string> => new Map([...names, ...from.map((name, i) => [name, to[i] as string] as const)]); // as many

/** Where each of these texts stood before it was renamed: of equal ones the first was the first. Null where one was nowhere. */
export function matched(texts: readonly string[], renamedTexts: readonly string[]): number[] | null {
  const targets: number[] = [];
  for (const text of renamedTexts) {
    const target = texts.findIndex((other, i) => other === text && !targets.includes(i));
    if (target < 0) return null;
    targets.push(target);
  }
  return inverse(targets);
}

export function inverse(places: readonly number[]): number[] {
  const from: number[] = [];
  places.forEach((to, place) => {
    from[to] = place;
  });
  return from;
}
