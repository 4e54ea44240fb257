/**
 * Exactly-once execution (CC-6), on what each replica says that it executed: nobody executed what was never asked for,
 * nobody executed a request twice, and each live replica has executed every request that was answered. Of a request
 * without an answer nothing is known: a replica may have executed it or not.
 */
import type { CheckVerdict } from './verdict.js';

export interface Executions {
  /** Every request that a client has made. */
  readonly requests: readonly { readonly id: string; readonly answered: boolean }[];
  readonly replicas: readonly ReplicaLog[];
}

export interface ReplicaLog {
  readonly replica: string;
  /** It has not crashed, and is not behind: nothing is under way to it. */
  readonly live: boolean;
  /** Ids of requests, in the order in which it executed them. */
  readonly executed: readonly string[];
}

/** A request at a replica. */
export interface Execution {
  readonly replica: string;
  readonly request: string;
  /** Where in the replica's log, from 0; null: nowhere. */
  readonly place: number | null;
}

export function exactlyOnce({ requests, replicas }: Executions): CheckVerdict<Execution> {
  const property = 'exactly once';
  const asked = new Set(requests.map(({ id }) => id));
  for (const log of replicas) {
    const found = unasked(log, asked) ?? twice(log);
    if (found !== null) return { property, verdict: 'violated', ...found };
  }
  const lost = missing(
    requests.flatMap(({ id, answered }) => (answered ? [id] : [])),
    replicas,
  );
  return lost === null ? { property, verdict: 'holds' } : { property, verdict: 'violated', ...lost };
}

interface Found {
  readonly part: readonly Execution[];
  readonly impossible: Execution;
  readonly why: string;
}

function unasked({ replica, executed }: ReplicaLog, asked: ReadonlySet<string>): Found | null {
  const place = executed.findIndex((id) => !asked.has(id));
  const request = executed[place];
  if (request === undefined) return null;
  const impossible = { replica, request, place };
  return { part: [impossible], impossible, why: `${replica} executed ${request}, which nobody asked for.` };
}

function twice({ replica, executed }: ReplicaLog): Found | null {
  const places = new Map<string, number>();
  for (const [place, request] of executed.entries()) {
    const before = places.get(request);
    places.set(request, place);
    if (before === undefined) continue;
    const impossible = { replica, request, place };
    const why = `${replica} executed ${request} twice: as number ${before + 1} of its log, and as number ${place + 1}.`;
    return { part: [{ replica, request, place: before }, impossible], impossible, why };
  }
  return null;
}

function missing(answered: readonly string[], replicas: readonly ReplicaLog[]): Found | null {
  const live = replicas.filter((log) => log.live);
  const logs = live.map(({ executed }) => new Set(executed));
  for (const request of answered) {
    const without = live.filter((_, i) => logs[i]?.has(request) === false);
    const [first] = without;
    if (first === undefined) continue;
    const impossible = { replica: first.replica, request, place: null };
    const names = without.map(({ replica }) => replica).join(', ');
    const whole =
      without.length === live.length ? 'no live replica has' : `${names} ${without.length === 1 ? 'has' : 'have'} not`;
    return { part: [impossible], impossible, why: `${request} was answered, and ${whole} executed it.` };
  }
  return null;
}
