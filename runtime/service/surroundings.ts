/**
 * What an operation must not take from the machine that it runs on: time, chance and new ids. They are drawn from the
 * request, so that every replica draws the same.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { requestId } from '../../machines/shared/identifiers.js';
import { hashOf } from '../../machines/shared/persistent-map.js';
import type { Request } from '../../machines/shared/requests.js';
import { ChoraleError } from '../errors.js';

export interface Surroundings {
  /** When the client made the call: ms on the clock of its node. */
  readonly now: number;
  /** A number from 0 (included) to 1 (excluded), another at each call. */
  random(): number;
  /** An id that nobody else gets or has got: the request's own id and a count. */
  id(): string;
}

let executing: Request | null = null;

/**
 * The surroundings of the request that is being executed. An operation takes them as its last parameter, by its default
 * value, and its clients do not see that parameter:
 *
 *     open(draft, owner: string, limit?: number, env = surroundings()) {
 *       draft.accounts.set(env.id(), { owner, limit: limit ?? 0, opened: env.now });
 *     }
 *
 * The runtime never passes the parameter, for by its place alone it could not tell it from an argument that the caller
 * left out. A test of the operation passes what it likes. Errors: SERVICE_INVALID outside of an operation.
 */
export function surroundings(): Surroundings {
  if (executing === null) {
    throw new ChoraleError(
      'SERVICE_INVALID',
      'surroundings() was called while no operation runs: it is for the default value of the last parameter of an operation.',
    );
  }
  return surroundingsOf(executing);
}

/** Runs an operation in the surroundings of its request. */
export function within<Result>(request: Request, operation: () => Result): Result {
  const outer = executing;
  executing = request;
  try {
    return operation();
  } finally {
    executing = outer;
  }
}

function surroundingsOf({ session, seq, at, seed }: Request): Surroundings {
  const id = requestId(session, seq);
  // Requests of one seed still draw different numbers.
  const source = xoroshiro128plus((seed ^ hashOf(id)) | 0);
  let ids = 0;
  return {
    now: at,
    random: () => uniformFloat64(source),
    id() {
      ids += 1;
      return `${id}.${ids}`;
    },
  };
}
