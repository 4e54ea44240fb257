import { createActor, setup } from 'xstate';

/** µs of CPU that this process used while `work` ran, and what it returned. */
export async function cpu<Result>(work: () => Result | Promise<Result>): Promise<{ micros: number; result: Result }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, result };
}

/** A round of the reference: so many `send`s to a machine of two states that goes from one to the other. */
export function toggling(): () => number {
  const machine = setup({}).createMachine({
    initial: 'off',
    states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } },
  });
  const actor = createActor(machine).start();
  const event = { type: 'flip' };
  return () => {
    for (let i = 0; i < 100_000; i++) actor.send(event);
    return 100_000;
  };
}

/**
 * µs of CPU for each of the operations that the rounds perform and count: the medians of nine after one, the rounds in
 * turn, so that a machine whose speed drifts does so for all of them.
 */
export function medians(...rounds: (() => number)[]): number[] {
  for (const round of rounds) round();
  const times = rounds.map((): number[] => []);
  for (let turn = 0; turn < 9; turn++) {
    rounds.forEach((round, i) => {
      const before = process.cpuUsage();
      const operations = round();
      const { user, system } = process.cpuUsage(before);
      times[i]?.push((user + system) / operations);
    });
  }
  return times.map((all) => all.sort((a, b) => a - b)[4] as number); // nine turns, the fifth
}

export function table(title: string, rows: Record<string, string | number>[]): void {
  console.log(title);
  console.table(rows);
}
