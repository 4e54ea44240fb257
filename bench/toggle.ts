import { createActor, setup } from 'xstate';

/** µs of CPU that this process used while `work` ran, and what it returned. */
export async function cpu<Result>(work: () => Result | Promise<Result>): Promise<{ micros: number; result: Result }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, result };
}

/** The reference: µs of CPU of one `send` to a machine of two states that goes from one to the other. Median of seven. */
export function toggle(): number {
  const machine = setup({}).createMachine({
    initial: 'off',
    states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } },
  });
  const actor = createActor(machine).start();
  const event = { type: 'flip' };
  return median(() => {
    for (let i = 0; i < 100_000; i++) actor.send(event);
    return 100_000;
  });
}

/** µs of CPU for each of the operations that `round` performs and counts: the median of seven rounds after one. */
export function median(round: () => number): number {
  round();
  const rounds = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage();
    const operations = round();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / operations;
  });
  return rounds.sort((a, b) => a - b)[3] as number; // seven rounds, the fourth
}

export function table(title: string, rows: Record<string, string | number>[]): void {
  console.log(title);
  console.table(rows);
}
