/**
 * service(): from what the user writes to a deterministic object that any replication style can serve.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Assembled } from '../../machines/shared/object.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { ChoraleError } from '../errors.js';
import { absorbed, chunkOf, completed, digestOfArrived, nothingYet } from './chunks.js';
import { initialState, operationsOf, type RawDefinition } from './definition.js';
import { digestOf } from './digest.js';
import { execute, type ServiceOperations } from './execute.js';
import { parameterNames } from './parameters.js';
import { type Patch, patched, patchesBetween } from './patches.js';
import { snapshotOf, stateOf, type Versioned } from './snapshot.js';
import type { ArgumentSchemas, Definition, Queries, Service, Sound, Updates } from './types.js';

/**
 * Defines a service. Its operations are synchronous functions of the state and of plain data:
 *
 *     const bank = service('bank', {
 *       state: () => ({ accounts: collection<number>() }),
 *       updates: {
 *         deposit({ accounts }, account: string, amount: number) {
 *           accounts.set(account, (accounts.get(account) ?? 0) + amount);
 *           return accounts.get(account) ?? 0;
 *         },
 *       },
 *       queries: { balance: ({ accounts }, account: string) => accounts.get(account) ?? 0 },
 *     });
 *
 * An update that throws leaves no effect, and its error is the reply: `throw new ChoraleError('INSUFFICIENT_FUNDS', …)`
 * reaches the caller with its code. Errors: SERVICE_INVALID.
 */
export function service<
  State extends object,
  U extends Updates<State> & Sound<U, Schemas>,
  Q extends Queries<State> & Sound<Q, Schemas>,
  const Deterministic extends boolean = true,
  Schemas extends ArgumentSchemas = Record<never, never>,
>(name: string, definition: Definition<State, U, Q, Deterministic, Schemas>): Service<State, U, Q, Deterministic> {
  const raw = definition as unknown as RawDefinition; // looked at as if no compiler had seen it
  const operations = operationsOf(name, raw);
  const initial = initialState(name, raw) as State; // what the definition's own state() has returned
  const version = definition.version ?? 1;
  const migrate = definition.migrate;
  const versioned: Versioned = {
    name,
    version,
    migrate: migrate && ((old, from) => migrate.call(definition, old, from)),
  };
  return Object.freeze<Service<State, U, Q, Deterministic>>({
    name,
    version,
    deterministic: operations.deterministic as Deterministic, // what the definition says, or true
    operations: [...operations.byName.values()].map(({ name: operation, kind, run }) => ({
      name: operation,
      kind,
      parameters: parameterNames(run),
    })),
    kindOf: (operation) => operations.byName.get(operation)?.kind,
    validate: (operation, args) => validate(operations, raw.arguments as ArgumentSchemas | undefined, operation, args),
    initial: () => initial,
    execute: (value, requests) => execute(operations, value, requests),
    executeWithPatches(value, requests) {
      const execution = execute(operations, value, requests);
      return { ...execution, patches: patchesBetween(value, execution.value) };
    },
    applyPatches: (value, patches) => patched(value, patches),
    change: (before, after) => patchesBetween(before, after) as unknown as Serializable, // plain data, as its type says
    apply: (value, change) => patched(value, change as unknown as readonly Patch[]), // of the same service's `change`
    digest: (value) => digestOf(value),
    snapshot: (value) => snapshotOf(versioned, value),
    restore: (snapshot) => stateOf(versioned, snapshot) as State, // of this version, or migrated to it
    chunk: (value, cursor, bytes) => chunkOf(versioned, value, cursor, bytes),
    begin: () => nothingYet,
    absorb: (assembly, data) => absorbed(versioned, assembly, data),
    complete: (assembly) => completed(versioned, assembly) as Assembled<State>, // as `restore`
    digestSoFar: digestOfArrived,
  });
}

function validate(
  { service: name, byName }: ServiceOperations,
  schemas: ArgumentSchemas | undefined,
  operation: string,
  args: readonly unknown[],
): readonly Serializable[] {
  const wrong = (why: string, issues: readonly Serializable[] = []): ChoraleError =>
    new ChoraleError('ARGUMENTS_INVALID', `The call of "${operation}" of "${name}" was not sent: ${why}.`, {
      details: { issues },
    });
  if (!byName.has(operation)) throw wrong(`there is no such operation; there are ${[...byName.keys()].join(', ')}`);
  const schema = schemas !== undefined && Object.hasOwn(schemas, operation) ? schemas[operation] : undefined;
  if (schema === undefined) return args as readonly Serializable[]; // whether they are plain data is checked where they are sent
  const result = schema['~standard'].validate(args);
  if (result instanceof Promise) {
    result.catch(() => undefined); // nobody waits for it
    throw wrong('its schema answers with a promise, and only a synchronous schema can be used');
  }
  if (result.issues !== undefined) {
    const issues = result.issues.map(issueOf);
    throw wrong(
      issues.map(({ path, message }) => `${path === '' ? 'arguments' : path}: ${message}`).join('; '),
      issues,
    );
  }
  if (!Array.isArray(result.value)) throw wrong('its schema does not return a list of arguments');
  return result.value;
}

function issueOf({ message, path }: StandardSchemaV1.Issue): { path: string; message: string } {
  const keys = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  return { path: keys.join('.'), message };
}
