/**
 * `chorale list`: what there is to run.
 */
import Table from 'cli-table3';
import type { Style } from '../../machines/shared/style.js';
import { styles } from '../cluster/styles.js';
import { exampleNames, explorationNames, findService } from './catalogue.js';
import type { Io } from './io.js';
import { borderless, drawn } from './table.js';

interface Listed {
  readonly examples: readonly {
    name: string;
    about: string | null;
    updates: readonly string[];
    queries: readonly string[];
  }[];
  /** What `chorale explore` takes by name. */
  readonly explorations: readonly string[];
  readonly replication: readonly { name: string; title: string; orders: readonly string[]; phases: Style['phases'] }[];
}

export async function listCommand(json: boolean, io: Io): Promise<void> {
  const listed: Listed = {
    examples: await Promise.all(exampleNames().map((name) => example(name, io.cwd))),
    explorations: explorationNames(),
    replication: Object.values<Style>(styles).map(({ name, title, needs, phases }) => ({
      name,
      title,
      orders: needs.order,
      phases,
    })),
  };
  io.stdout(json ? `${JSON.stringify(listed)}\n` : readable(listed));
}

async function example(name: string, cwd: string): Promise<Listed['examples'][number]> {
  const { service, about } = await findService(name, cwd);
  const operations = (kind: string) =>
    service.operations.filter((operation) => operation.kind === kind).map((operation) => operation.name);
  return { name, about, updates: operations('update'), queries: operations('query') };
}

function readable({ examples, explorations, replication }: Listed): string {
  const services = new Table({ ...borderless, head: ['example', 'updates', 'queries', 'what it shows'] });
  for (const { name, about, updates, queries } of examples)
    services.push([name, updates.join(' '), queries.join(' '), about ?? '']);
  const ways = new Table({ ...borderless, head: ['replication', 'phases of an update', 'orders', 'what it is'] });
  for (const { name, title, orders, phases } of replication)
    ways.push([name, phases.update.join(' '), orders.join(' '), title]);
  const [first] = examples;
  return `${drawn(services)}\n\n${drawn(ways)}\n\nTo explore: ${explorations.join(' ')}\n\nTry: chorale run ${first?.name ?? './my-service.js'}\n     chorale compare ${first?.name ?? './my-service.js'}\n`;
}
