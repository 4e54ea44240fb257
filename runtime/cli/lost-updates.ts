/**
 * Answered updates that are gone: what `chorale compare` counts as lost.
 *
 * An update is held by a replica manager that has executed it, or agreed to it, in its present incarnation; by one that
 * came back, also where somebody held it who could pass it on when it came back: another replica manager that was there, or
 * its own disk. An answered update is lost when no live replica manager holds it.
 *
 * Versions say more: a replica manager whose version is n has n updates in its state. Where fewer are in any live state
 * than were answered, as many are lost at least, whoever held them once.
 */
import { requestId } from '../../machines/shared/identifiers.js';
import type { Membership } from '../../machines/shared/style.js';
import type { ReplicaStatus } from '../cluster/cluster.js';
import { notOfTheService } from '../simulate/verdict.js';
import type { PlayedRequest } from '../simulate/workload.js';
import type { Recorder, TraceEvent } from '../trace/format.js';

export class HoldingLog implements Recorder {
  readonly #held = new Map<string, Set<string>>();
  readonly #crashed = new Set<string>();
  readonly #disks = new Set<string>();

  record(event: TraceEvent): void {
    const { kind, node } = event;
    if (kind === 'crashed') this.#crashed.add(node);
    else if (kind === 'persisted' && event.actor === 'rm') this.#disks.add(node);
    else if (kind === 'recovered') this.#comeBack(node);
    else if (kind === 'phase' && event.actor === 'rm' && (event.phase === 'EX' || event.phase === 'AC')) {
      const held = this.#held.get(node) ?? new Set();
      this.#held.set(node, held);
      for (const request of event.requests) held.add(request);
    }
  }

  holds(node: string, request: string): boolean {
    return this.#held.get(node)?.has(request) ?? false;
  }

  #comeBack(node: string): void {
    const held = new Set(this.#disks.has(node) ? this.#held.get(node) : []);
    for (const [other, theirs] of this.#held)
      if (other !== node && !this.#crashed.has(other)) for (const request of theirs) held.add(request);
    this.#crashed.delete(node);
    this.#held.set(node, held);
  }
}

export interface Updates {
  readonly answered: number;
  readonly lost: number;
  /** Those of the lost ones that are known by name. */
  readonly lostRequests: readonly string[];
}

export function updatesOf(
  played: readonly PlayedRequest[],
  replicas: readonly ReplicaStatus[],
  log: HoldingLog,
  membership: Membership,
): Updates {
  const live = replicas.filter(({ state }) => state === 'live');
  const answered = played.flatMap(({ call, answer }) =>
    call?.kind === 'update' && answer !== null && !notOfTheService(answer.outcome)
      ? [requestId(call.session, call.seq)]
      : [],
  );
  // Where members come and go, backups take states and joiners are sent them, and nobody says which requests are in them.
  const named = membership === 'static' ? answered : [];
  const lostRequests = named.filter((id) => !live.some(({ node }) => log.holds(node, id)));
  const inState = live.reduce((most, { version }) => Math.max(most, version), 0);
  return {
    answered: answered.length,
    lost: Math.max(lostRequests.length, answered.length - inState),
    lostRequests,
  };
}
