/**
 * A client as its user sees it: the service's operations as async methods.
 */

import type { Serializable } from '../../machines/shared/serializable.js';
import { ChoraleError } from '../errors.js';
import type { AnyService, CallOptions } from '../service/index.js';
import { checkSerializable } from '../service/index.js';
import type { Invocation, Session } from './session.js';

/** Most bytes of one call's arguments, estimated. */
const ARGUMENTS_LIMIT = 4 * 1024 * 1024;

type Method = (...args: Serializable[]) => Promise<Serializable>;

/** `timeout` in ms is for the calls that name no other. */
export function clientOf(service: AnyService, session: Session, timeout: number, options: CallOptions = {}): object {
  const client: Record<string, Method | ((options: CallOptions) => object)> = {
    with: (more: CallOptions) => clientOf(service, session, timeout, { ...options, ...more }),
  };
  for (const { name } of service.operations) {
    client[name] = (...args: Serializable[]) =>
      new Promise<Serializable>((resolve, reject) => {
        const { op, kind, size, args: valid } = prepare(service, name, args);
        session.invoke({
          op,
          kind,
          size,
          args: valid,
          timeout: options.timeout ?? timeout,
          signal: options.signal ?? null,
          issued: null,
          settle: (settled) => (settled.ok ? resolve(settled.value) : reject(settled.error)),
        });
      });
  }
  return client;
}

/** Checks a call before anything is sent. Errors: ARGUMENTS_INVALID, NOT_SERIALIZABLE, MESSAGE_TOO_LARGE. */
export function prepare(
  service: AnyService,
  op: string,
  args: readonly unknown[],
): Pick<Invocation, 'op' | 'args' | 'size' | 'kind'> {
  const kind = service.kindOf(op);
  if (kind === undefined) {
    const names = service.operations.map((operation) => operation.name).join(', ');
    throw new ChoraleError('ARGUMENTS_INVALID', `"${service.name}" has no operation "${op}": there are ${names}.`);
  }
  const valid = service.validate(op, args);
  const size = checkSerializable(valid, ARGUMENTS_LIMIT);
  return { op, kind, size, args: valid };
}
