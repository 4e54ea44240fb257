/** Traces of any length: one run of the bank, with some of everything, again and again. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import bank, { workload } from '../examples/bank/service.js';
import { Recording } from '../runtime/inspect/sources/recording.js';
import { headerText } from '../runtime/simulate/saved-run.js';
import { drawScenario } from '../runtime/simulate/scenario.js';

/** More than any id or count of the run. */
const AGAIN = 1_000_000;

/** Writes the file. Returns its length, in bytes. */
export async function traceFile(path: string, count: number): Promise<number> {
  const scenario = drawScenario(7, {
    replication: 'active',
    replicas: 5,
    tolerate: 'crash',
    order: 'total',
    reads: 'order',
    profile: 'mixed',
    calls: { clients: 8, each: 30, workload },
  });
  const recording = new Recording(bank, scenario, 'linearizable');
  while (recording.step()) {}
  const { events } = recording;
  const span = Math.ceil(events.at(-1)?.t ?? 0) + 10;
  const lines = events.map((event) => JSON.stringify(event));
  const file = createWriteStream(path);
  file.write(`${headerText({ service: bank.name, scenario })}\n`);
  let bytes = 0;
  for (let turn = 0; turn * lines.length < count; turn++) {
    const some = lines.slice(0, count - turn * lines.length).join('\n');
    const text = `${turn === 0 ? some : later(some, turn, span)}\n`;
    bytes += text.length;
    if (!file.write(text)) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  file.end();
  await finished(file);
  return bytes;
}

/** The same at a later time, with ids and requests of its own. */
const later = (text: string, turn: number, span: number): string =>
  text
    .replace(/"t":([\d.]+)/g, (_, t) => `"t":${Number(t) + turn * span}`)
    .replace(/"(id|cause)":"([^"]*):(c?)(\d+)"/g, (_, name, before, control, n) => {
      return `"${name}":"${before}:${control}${Number(n) + turn * AGAIN}"`;
    })
    .replace(/#(\d+)"/g, (_, n) => `#${Number(n) + turn * AGAIN}"`);
