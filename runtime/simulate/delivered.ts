/** What a trial sees of a group's deliveries: where its order is total, they come in one. */
import { isTotal } from '../../machines/multicast/order.js';
import type { Delivered, DeliveryLog, ProcessLog } from '../check/deliveries.js';
import { violations as deliveryViolations } from '../check/deliveries.js';
import type { AnyService } from '../service/index.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import type { Simulation } from './simulation.js';
import type { TrialViolation } from './violation.js';

/** Where the group has a total order, every replica's deliveries are one sequence, without a gap (MC-4). */
export function orderViolations(
  { settings, membership }: Simulation<AnyService>,
  { logs, places }: DeliveryRecorder,
): TrialViolation[] {
  if (!isTotal(settings.order)) return [];
  if (membership === 'dynamic') {
    const two = places();
    return two === null ? [] : [{ property: 'total order', why: two, part: [] }];
  }
  const log: DeliveryLog = { sent: [], processes: [...logs.values()] };
  const [first] = deliveryViolations(log, 'uniform total');
  return first === undefined ? [] : [{ property: 'total order', why: `${first.process} ${first.why}.`, part: [] }];
}

/** What each replica manager's group delivered to it. A node that came back delivers nothing more. */
export class DeliveryRecorder implements Recorder {
  /** What the present incarnation of each node has delivered. */
  readonly #present = new Map<string, Delivered[]>();
  readonly logs = new Map<string, ProcessLog & { readonly delivered: Delivered[] }>();

  /**
   * Where members come and go, those that are there at the end have the same message at each place of the order that they
   * have both seen. Who is not may have delivered what no view took up.
   */
  readonly places = (): string | null => {
    const first = new Map<number, { readonly node: string; readonly message: string }>();
    for (const [node, delivered] of this.#present) {
      for (const { sender, seq, number } of delivered) {
        if (number === undefined) continue;
        const message = `${sender}#${seq}`;
        const known = first.get(number);
        if (known === undefined) first.set(number, { node, message });
        else if (known.message !== message)
          return `At place ${number} of the order ${known.node} has ${known.message}, and ${node} has ${message}.`;
      }
    }
    return null;
  };

  record(event: TraceEvent): void {
    if (event.kind === 'crashed') this.#present.delete(event.node);
    if (event.kind !== 'delivered') return;
    const { node: process, sender, seq, number } = event;
    const log = this.logs.get(process) ?? { process, correct: true, delivered: [] };
    this.logs.set(process, log);
    const one: Delivered = { sender, seq, ...(number === undefined ? {} : { number }) };
    log.delivered.push(one);
    const present = this.#present.get(process) ?? [];
    this.#present.set(process, present);
    present.push(one);
  }
}
