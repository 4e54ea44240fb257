/**
 * What can be seen to be wrong with a service when it is defined, is seen then.
 */
import { freeze } from 'immer';
import { equal } from '../../machines/shared/equality.js';
import { ChoraleError } from '../errors.js';
import type { NamedOperation, ServiceOperations } from './execute.js';
import { pack } from './packing.js';
import { checkState } from './state.js';
import type { OperationKind } from './types.js';

const keys = ['state', 'updates', 'queries', 'arguments', 'version', 'migrate', 'deterministic'];

/** Names that mean something else on a client, or on any object. */
const reserved = new Set(['with', 'then', ...Object.getOwnPropertyNames(Object.prototype)]);

/** A definition as it comes, from TypeScript or not. */
export type RawDefinition = Readonly<Record<string, unknown>>;

/** Checks all of a definition but its state. Errors: SERVICE_INVALID. */
export function operationsOf(name: string, definition: RawDefinition): ServiceOperations {
  if (typeof name !== 'string' || !/^[A-Za-z][\w.-]{0,99}$/.test(name)) {
    throw faulty(
      String(name),
      'its name must begin with a letter and go on with letters, digits, ".", "_" or "-", at most 100 in all',
    );
  }
  const strange = Object.keys(definition).find((key) => !keys.includes(key));
  if (strange !== undefined) throw faulty(name, `a definition has no "${strange}": there are ${keys.join(', ')}`);
  const byName = new Map<string, NamedOperation>();
  for (const kind of ['update', 'query'] as const) {
    for (const operation of listed(name, definition, kind)) {
      if (byName.has(operation.name)) throw faulty(name, `"${operation.name}" is the name of two operations`);
      byName.set(operation.name, operation);
    }
  }
  checkSettings(name, definition, byName);
  return { service: name, byName, deterministic: definition.deterministic !== false };
}

function listed(service: string, definition: RawDefinition, kind: OperationKind): NamedOperation[] {
  const field = kind === 'update' ? 'updates' : 'queries';
  const functions = definition[field];
  if (typeof functions !== 'object' || functions === null)
    throw faulty(service, `it has no ${field}: an object of functions`);
  return Object.entries(functions).map(([name, run]: [string, unknown]) => {
    if (reserved.has(name) || name === '' || name.startsWith('$')) {
      throw faulty(service, `no operation can have the name "${name}": a client uses it for something else`);
    }
    if (typeof run !== 'function') throw faulty(service, `the ${kind} "${name}" is not a function`);
    if (run.constructor.name !== 'Function') {
      throw faulty(service, `the ${kind} "${name}" is a ${run.constructor.name}: an operation is synchronous`);
    }
    return { name, kind, run: run as NamedOperation['run'] }; // it is called as any function can be
  });
}

function checkSettings(name: string, definition: RawDefinition, byName: ReadonlyMap<string, unknown>): void {
  const { version, migrate, deterministic, arguments: schemas } = definition;
  if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) >= 1)) {
    throw faulty(name, `its version is ${String(version)}: it must be a whole number, 1 or more`);
  }
  if (migrate !== undefined && typeof migrate !== 'function') throw faulty(name, 'migrate is not a function');
  if (deterministic !== undefined && typeof deterministic !== 'boolean')
    throw faulty(name, 'deterministic is neither true nor false');
  for (const [operation, schema] of Object.entries(schemas ?? {})) {
    if (!byName.has(operation))
      throw faulty(name, `there is a schema for the arguments of "${operation}", which is no operation`);
    if (!isStandardSchema(schema))
      throw faulty(name, `the arguments of "${operation}" have something that is no Standard Schema`);
  }
}

function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false;
  const standard = value['~standard'];
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  );
}

/** The state to begin with, frozen. Errors: SERVICE_INVALID, which names the place of what does not encode. */
export function initialState(name: string, { state }: RawDefinition): object {
  if (typeof state !== 'function')
    throw faulty(name, 'it has no state: a function that returns the state to begin with');
  const initial = made(name, state());
  if (!equal(pack(initial), pack(made(name, state())))) {
    throw faulty(name, 'two calls of state() gave different states, and so every replica would begin with another one');
  }
  return initial;
}

function made(name: string, state: unknown): object {
  if (typeof state !== 'object' || state === null)
    throw faulty(name, 'its state is not an object, a list or a collection');
  freeze(state, true);
  try {
    checkState(state);
  } catch (error) {
    if (!(error instanceof ChoraleError)) throw error;
    throw faulty(name, `its state does not encode. ${error.message.slice(0, -1)}`, error.details);
  }
  return state;
}

function faulty(name: string, why: string, details?: ChoraleError['details']): ChoraleError {
  return new ChoraleError('SERVICE_INVALID', `The service "${name}" cannot work: ${why}.`, { details });
}
