/**
 * A lock service: locks by name, each held by at most one session at a time, and only for as long as its lease runs (Gray &
 * Cheriton 1989; Burrows, "The Chubby lock service", 2006). Who holds a lock renews its lease, well before it runs out; who
 * crashes need not do anything, for another takes the lock when the lease is over.
 *
 * The time is that of the calls, and never turns back: a lease is over when some call to the service was made later than it lasts.
 * So no replica reads a clock, and all agree. Two clocks in it differ all the same, that of the holder and that of who comes
 * after. So a holder that was slow may work on after another has taken its lock: with each acquisition comes a token, a
 * number that grows, and whatever the lock protects refuses all tokens lower than the highest that it has seen.
 */
import { ChoraleError, collection, service, surroundings } from 'chorale';
import type { Workload } from 'chorale/testing';

export const about = 'locks with leases: held by one session at a time, and free again when its holder is silent';

interface Lock {
  readonly holder: string;
  /** Higher than that of any holder before. */
  readonly token: number;
  /** ms: the lease runs until then. */
  readonly until: number;
}

/** What who asks for a lock is told: whether it has it now, or who has it, and until when. */
export interface Grant {
  readonly granted: boolean;
  readonly holder: string;
  readonly token: number;
  readonly until: number;
}

const leaseOf = (ms: number): number => {
  if (Number.isSafeInteger(ms) && ms > 0) return ms;
  throw new ChoraleError('LEASE_INVALID', `${ms} is no lease: it must be a whole number of ms, 1 or more.`);
};

const grant = (lock: Lock, granted: boolean): Grant => ({ granted, ...lock });

export default service('lock-service', {
  state: () => ({ locks: collection<Lock>(), tokens: 0, now: 0 }),
  updates: {
    /** Takes the lock if nobody has it; for who has it already, as `renew`. */
    acquire(draft, lock: string, session: string, lease: number, env = surroundings()) {
      draft.now = Math.max(draft.now, env.now);
      const until = draft.now + leaseOf(lease);
      const held = draft.locks.get(lock);
      if (held !== undefined && held.until > draft.now && held.holder !== session) return grant(held, false);
      const goesOn = held !== undefined && held.until > draft.now;
      if (!goesOn) draft.tokens += 1;
      const taken: Lock = { holder: session, token: goesOn ? held.token : draft.tokens, until };
      draft.locks.set(lock, taken);
      return grant(taken, true);
    },
    /** Makes the lease last longer. False when it has run out: the lock may be another's, or have been. */
    renew(draft, lock: string, session: string, lease: number, env = surroundings()) {
      draft.now = Math.max(draft.now, env.now);
      const until = draft.now + leaseOf(lease);
      const held = draft.locks.get(lock);
      if (held === undefined || held.holder !== session || held.until <= draft.now) return false;
      draft.locks.set(lock, { ...held, until: Math.max(held.until, until) });
      return true;
    },
    /** Gives the lock back. False when it was not this session's any more. */
    release(draft, lock: string, session: string, env = surroundings()) {
      draft.now = Math.max(draft.now, env.now);
      const held = draft.locks.get(lock);
      if (held === undefined || held.holder !== session || held.until <= draft.now) return false;
      draft.locks.delete(lock);
      return true;
    },
  },
  queries: {
    /** Who has the lock, null for nobody. */
    holder(state, lock: string, env = surroundings()) {
      const held = state.locks.get(lock);
      return held !== undefined && held.until > Math.max(state.now, env.now) ? held.holder : null;
    },
  },
});

/** Random calls, for `chorale sim`: one lock, two sessions and short leases, so that leases run out while calls are made. */
export const workload: Workload = (chance) => {
  const session = chance.chance(0.5) ? 'ann' : 'bob';
  const lease = chance.int(5, 60);
  switch (chance.int(1, 5)) {
    case 1:
    case 2:
      return ['acquire', 'door', session, lease];
    case 3:
      return ['renew', 'door', session, lease];
    case 4:
      return ['release', 'door', session];
    default:
      return ['holder', 'door'];
  }
};
