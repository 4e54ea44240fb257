/**
 * What one transition of an exploration costs, against a raw `send` of XState, and what a state takes of memory.
 */
import { type Configuration, explore } from 'chorale/explore';
import { exploration as bank } from '../examples/bank/exploration.js';
import { exploration as twoPhaseCommit } from '../examples/two-phase-commit/exploration.js';
import { cpu, table } from './toggle.js';

export async function exploration(reference: number, quick: boolean): Promise<void> {
  const spaces: [Configuration, boolean][] = [
    [twoPhaseCommit({ rms: quick ? 5 : 7 }), false],
    [bank({ duplicates: 0 }), true],
    ...(quick ? [] : ([[bank(), true]] as [Configuration, boolean][])),
  ];
  const rows: Record<string, string | number>[] = [];
  for (const [space, symmetry] of spaces) {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const { micros, result } = await cpu(() => explore(space, { symmetry }));
    const grown = process.memoryUsage().rss - before;
    rows.push({
      explored: `${space.name}${symmetry ? ', symmetry' : ''}`,
      states: result.states,
      transitions: result.transitions,
      'transitions/s of CPU': Math.round((result.transitions / micros) * 1e6),
      'in raw toggles': (micros / result.transitions / reference).toFixed(2),
      'RSS grown, bytes/state': Math.max(0, Math.round(grown / result.states)),
    });
  }
  table('exploration: one transition, properties and observers with it', rows);
}
