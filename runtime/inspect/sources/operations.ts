/**
 * How the operations of a service can be asked for: which there are, and for each parameter its name, and a value that fits where the
 * service's own workload or requests ask for one.
 */
import type { Serializable } from '../../../machines/shared/serializable.js';
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import type { PlannedRequest } from '../../simulate/plan.js';
import { random } from '../../simulate/random.js';
import type { Workload } from '../../simulate/scenario.js';
import type { OperationForm } from '../protocol.js';

/** A service that the page can run, with what comes with it. */
export interface Offered {
  readonly service: AnyService;
  /** What random calls of it are: for load, and for examples. */
  readonly workload?: Workload | null;
  /** Some of its requests, for examples. */
  readonly requests?: readonly Pick<PlannedRequest, 'op' | 'args'>[];
}

/** Calls drawn to find examples of all operations. */
const DRAWN = 200;

export function operationForms({ service, workload = null, requests = [] }: Offered): OperationForm[] {
  const examples = new Map<string, readonly Serializable[]>();
  const chance = random(1, 'examples');
  const drawn = workload === null ? [] : Array.from({ length: DRAWN }, () => workload(chance));
  for (const { op, args } of [...requests, ...drawn.map(([op, ...args]) => ({ op, args }))])
    if ((examples.get(op)?.length ?? -1) < args.length) examples.set(op, args);
  const isShortened = service.operations.every(({ parameters }) => parameters.every((own) => (own?.length ?? 1) === 1));
  return service.operations.map(({ name, kind, parameters }) => {
    const known = examples.get(name) ?? [];
    const names = isShortened ? [] : parameters; // by a bundler: letters that say nothing
    // A list of the rest of the arguments has more than it has names.
    const all = Array.from({ length: Math.max(names.length, known.length) }, (_, i) => ({
      name: names[i] ?? `arg ${i + 1}`,
      example: known[i] ?? null,
    }));
    return { op: name, kind, parameters: all };
  });
}

/**
 * So many requests of each of so many clients, all from this time on. `salt` tells one load of a run from another.
 * Errors: INPUT_INVALID, where nobody knows what to ask.
 */
export function loadOf(
  { service, workload = null, requests = [] }: Offered,
  { clients, each }: { readonly clients: number; readonly each: number },
  { seed, salt, time }: { readonly seed: number; readonly salt: number; readonly time: number },
): PlannedRequest[] {
  const chance = random(seed, `load ${salt}`);
  const draw = (): Pick<PlannedRequest, 'op' | 'args'> => {
    if (workload !== null) {
      const [op, ...args] = workload(chance);
      return { op, args };
    }
    const request = requests[chance.int(0, Math.max(0, requests.length - 1))];
    if (request !== undefined) return { op: request.op, args: request.args };
    throw new ChoraleError(
      'INPUT_INVALID',
      `The service "${service.name}" has no workload: a function that says what random calls of it are.`,
    );
  };
  const planned: PlannedRequest[] = [];
  for (let turn = 0; turn < each; turn++)
    for (let client = 1; client <= clients; client++) planned.push({ at: time, client: `load-${client}`, ...draw() });
  return planned;
}
