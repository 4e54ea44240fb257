/**
 * Answered updates that are gone: no live replica manager has them in its state.
 *
 * A replica manager's executed table says which request of each session it executed last, so an update of a session that it
 * does not know, or of which it knows earlier requests only, is not in its state. Of a session that went on elsewhere nobody can tell so;
 * but a version counts the updates in a state, so where all live replica managers have one state, and fewer updates are in it
 * than were answered, as many are lost at least. Neither rule ever takes for lost what is not. An update that failed has changed
 * nothing, so there is nothing of it to lose.
 *
 * Where replica managers execute what others pass on without a word of it in their tables (`local`), the trace says who has
 * executed what since it started.
 */
import { lastExecuted } from '../../machines/shared/executed-table.js';
import { requestId } from '../../machines/shared/identifiers.js';
import type { Call } from '../../machines/shared/requests.js';
import type { Standing } from '../cluster/standing.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import { notOfTheService } from './verdict.js';
import type { PlayedRequest } from './workload.js';

/** How a node stopped. */
interface Stop {
  /** ms. */
  readonly t: number;
  readonly reason: string;
}

/** Keeps who has executed or agreed to what, and who stopped: its own part of the trace. */
export class UpdateLog implements Recorder {
  /** How often each node has stopped: the number of its present life. */
  readonly #lives = new Map<string, number>();
  /** Node and request → the life in which the one took the other in last. */
  readonly #taken = new Map<string, number>();
  /** Node and life → its end. */
  readonly #stops = new Map<string, Stop>();

  record(event: TraceEvent): void {
    const { kind, node, t } = event;
    if (kind === 'crashed') {
      const life = this.#lifeOf(node);
      this.#stops.set(`${node} ${life}`, { t, reason: event.reason });
      this.#lives.set(node, life + 1);
    } else if (kind === 'phase' && event.actor === 'rm' && (event.phase === 'EX' || event.phase === 'AC')) {
      for (const request of event.requests) this.#taken.set(`${node} ${request}`, this.#lifeOf(node));
    }
  }

  /** Whether the node has executed it, or agreed to it, since it started last. */
  holds(node: string, request: string): boolean {
    return this.#taken.get(`${node} ${request}`) === this.#lifeOf(node);
  }

  /** How the life ended in which the node executed it; undefined where it lives on, or never did. */
  stopOf(node: string, request: string): Stop | undefined {
    return this.#stops.get(`${node} ${this.#taken.get(`${node} ${request}`)}`);
  }

  #lifeOf(node: string): number {
    return this.#lives.get(node) ?? 0;
  }
}

export interface LostUpdates {
  /** Updates that were answered, and had not failed. */
  readonly answered: number;
  /** How many of them are lost, at least. */
  readonly lost: number;
  /** Answered updates, failed ones among them, beyond those that are counted in the one state. */
  readonly missing: number;
  /** Those of the lost ones that are known by name. */
  readonly named: readonly AnsweredUpdate[];
}

type AnsweredUpdate = PlayedRequest & { readonly call: Call; readonly answer: NonNullable<PlayedRequest['answer']> };

/** `agree`: the live replica managers have come to one state. */
export function lostUpdates(
  played: readonly PlayedRequest[],
  replicas: readonly Standing[],
  agree: boolean,
  log: UpdateLog,
): LostUpdates {
  const answered = played.filter(isAnsweredUpdate);
  const named = answered.filter(({ call }) => !replicas.some((replica) => has(replica, call, log)));
  const versions = replicas.flatMap(({ replica }) => (replica === null ? [] : [replica.version]));
  const inState = agree ? Math.max(0, ...versions) : Number.POSITIVE_INFINITY;
  const all = played.filter(isAnswered).length;
  const missing = Math.max(0, all - inState);
  return { answered: answered.length, lost: Math.max(named.length, answered.length - inState), missing, named };
}

const isAnswered = ({ call, answer }: PlayedRequest): boolean =>
  call?.kind === 'update' && answer !== null && !notOfTheService(answer.outcome);

const isAnsweredUpdate = (request: PlayedRequest): request is AnsweredUpdate =>
  request.call?.kind === 'update' && request.answer?.outcome.ok === true;

/** Whether it may be in the replica manager's state. */
function has({ node, replica }: Standing, { session, seq }: Call, log: UpdateLog): boolean {
  if (replica === null) return false;
  const { executed } = replica;
  if (executed === null) return log.holds(node, requestId(session, seq));
  const last = lastExecuted(executed, session);
  // A table with an old generation may have forgotten a session.
  return last === undefined ? executed.old.size > 0 : last.seq >= seq;
}

/** For a newcomer: which update, who answered it, what became of that one, and who goes on without it. */
export function lossText(
  { lost, named, answered }: LostUpdates,
  replicas: readonly Standing[],
  log: UpdateLog,
): string {
  const live = replicas.flatMap(({ node, replica }) => (replica === null ? [] : [node]));
  const [first] = named;
  if (first === undefined) {
    return `${answered} updates were answered, and no more than ${answered - lost} are in the state that ${listed(live)} ${live.length === 1 ? 'goes' : 'go'} on with.`;
  }
  const { call, op, args, answer, endedAt } = first;
  const id = requestId(call.session, call.seq);
  const what = `${op}(${args.map((arg) => JSON.stringify(arg)).join(', ')}) of ${call.session} (${id})`;
  const fates = answer.by.map((node) => `${node}, which answered it, ${fateText(log.stopOf(node, id))}`);
  const others = live.filter((node) => !(answer.by as readonly string[]).includes(node));
  const rest =
    others.length === 0
      ? 'nobody else has it'
      : `it is not in the state that ${listed(others)} ${others.length === 1 ? 'has' : 'have'}`;
  const count = lost === 1 ? '' : `Answered updates that are lost: ${lost}. The first: `;
  return `${count}${what} was answered at ${ms(endedAt)} and is lost: ${fates.join('; ')}, and ${rest}.`;
}

function fateText(stop: Stop | undefined): string {
  if (stop === undefined) return "has another's state by now";
  switch (stop.reason) {
    case 'fault':
      return `crashed at ${ms(stop.t)}`;
    case 'evicted':
      return `was gone on without, and started anew at ${ms(stop.t)}`;
    case 'left':
      return `left at ${ms(stop.t)}`;
    default:
      return `stopped at ${ms(stop.t)} (${stop.reason})`;
  }
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

const ms = (time: number): string => `${Math.round(time * 10) / 10} ms`;
