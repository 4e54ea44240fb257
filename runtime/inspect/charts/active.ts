import type { StateDescription } from './describe.js';

/**
 * The states that a machine is in, by the word that the trace has for them (`normal.active`; parallel regions joined by commas, where
 * those after the first leave out what they have in common with it). Those around them are among them; the root is not.
 */
export function activeStates(root: StateDescription, word: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (state: StateDescription): void => {
    names.add(state.name);
    state.states.forEach(visit);
  };
  visit(root);
  const active = new Set<string>();
  let before: readonly string[] = [];
  for (const part of word === '' ? [] : word.split(',')) {
    const own = part.split('.');
    const prefix = prefixes(before).find((each) => names.has([...each, ...own].join('.')));
    if (prefix === undefined) continue;
    before = [...prefix, ...own];
    for (let length = 1; length <= before.length; length++) active.add(before.slice(0, length).join('.'));
  }
  return active;
}

/** Without its last part, without its last two, …, nothing. */
const prefixes = (path: readonly string[]): readonly (readonly string[])[] =>
  path.length === 0 ? [[]] : path.map((_, i) => path.slice(0, path.length - 1 - i));
