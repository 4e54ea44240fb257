/**
 * Liveness, as a simulation can test it: once the faults have ended, every request that is still open is answered in time,
 * and the replicas that live come to agree. What did not is plain data.
 */
import type { ReplicaStatus } from '../cluster/standing.js';
import type { AnyService } from '../service/index.js';
import type { Simulation } from './simulation.js';
import { deadlineOf, type Liveness, type PlayedRequest } from './workload.js';

export type LivenessViolation =
  | {
      readonly kind: 'unanswered';
      readonly client: string;
      readonly op: string;
      /** ms. */
      readonly calledAt: number;
      readonly deadline: number;
      /** What the client was told instead. */
      readonly code: string;
    }
  /** They differ, with the network calm and all that they had to say said, or the time for it over. */
  | { readonly kind: 'diverged'; readonly replicas: readonly ReplicaStatus[] };

/** What became of a run that was played with `liveness`: nothing is amiss when the list is empty. */
export function livenessViolations<S extends AnyService>(
  simulation: Simulation<S>,
  played: readonly PlayedRequest[],
  liveness: Liveness,
): LivenessViolation[] {
  const unanswered = played.flatMap(({ client, op, calledAt, answer, error }): LivenessViolation[] => {
    const code = answer?.outcome.ok === false ? answer.outcome.error.code : (error?.code ?? '');
    // A front end's clients share its fate; to be told that replicas cannot agree is no answer.
    if (answer === null ? code === 'FRONT_END_CRASHED' : code !== 'NO_AGREEMENT') return [];
    return [{ kind: 'unanswered', client, op, calledAt, deadline: deadlineOf(calledAt, liveness), code }];
  });
  const replicas = simulation.replicas().filter(({ state }) => state === 'live');
  const agree = new Set(replicas.map(({ digest }) => digest)).size <= 1;
  return agree ? unanswered : [...unanswered, { kind: 'diverged', replicas }];
}
