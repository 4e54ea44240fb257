/**
 * A run as plain data: all that decides it. The same scenario gives the same run, byte for byte, on every machine; it can
 * be written to a file, handed to another process, made smaller and run again.
 */
import type { Order } from '../../machines/multicast/order.js';
import { hashOf } from '../../machines/shared/persistent-map.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { type FaultModel, type Membership, membershipOf, type ReadPath } from '../../machines/shared/style.js';
import type { OfSomeStyles } from '../cluster/settings.js';
import { type StyleName, styles } from '../cluster/styles.js';
import { ChoraleError } from '../errors.js';
import { drawProfile, type ProfileName } from './profile.js';
import { type Random, random } from './random.js';
import type { PlannedRequest } from './workload.js';

export interface Scenario {
  readonly seed: number;
  readonly replication: StyleName;
  readonly replicas: number;
  readonly tolerate: FaultModel;
  readonly order: Order;
  readonly reads: ReadPath;
  readonly more?: OfSomeStyles;
  /** ms without an answer after which a front end asks elsewhere. */
  readonly retryAfter: number;
  /** Least and most ms of a frame between two nodes. */
  readonly delay: readonly [number, number];
  readonly loss: number;
  readonly duplicate: number;
  /** In the words of docs/faults.md. */
  readonly faults: readonly string[];
  readonly requests: readonly PlannedRequest[];
  /** Clients that use a replica manager as their proxy: client → node. */
  readonly via: Readonly<Record<string, string>>;
  /** When all faults end, ms, after which every request must be answered. Null: they last, and requests are given up. */
  readonly faultsEndAt: number | null;
  /** ms after which a request is given up, where faults last. */
  readonly timeout?: number;
  /** ms: the run goes on until then at least. Absent: until everything has come to rest. */
  readonly until?: number;
  /** The frames that meet the fate that the seed has for them, by name; all others travel in the least time. Absent: every frame. */
  readonly rough?: readonly string[];
}

/** What a random call of a service is: the operation and its arguments. */
export type Workload = (chance: Random) => readonly [op: string, ...args: Serializable[]];

/** What all scenarios of one simulation have in common. */
export interface Exercise {
  readonly replication: StyleName;
  readonly replicas: number;
  readonly tolerate: FaultModel;
  readonly order: Order;
  readonly reads: ReadPath;
  readonly more?: OfSomeStyles;
  readonly profile: ProfileName;
  /** What clients call: so many calls of so many clients, drawn from the workload; or these very programs. */
  readonly calls:
    | { readonly clients: number; readonly each: number; readonly workload: Workload }
    | { readonly programs: readonly PlannedRequest[] };
}

/** A seed has 32 bits. */
export const MOST_SEED = 2 ** 32 - 1;
/** ms that the calls of a drawn scenario are spread over at most, from one to the client's next. */
const MOST_PAUSE = 40;
/** The same where members come and go, so that clients still call after a suspicion and what follows from it. */
const MOST_PAUSE_IN_VIEWS = 120;
/** ms of faults after the last call was to be made. */
const FAULTS_LAST = 200;

/** Which run of an exercise: the one that the seed draws, or, from 1 on, one near it. */
export interface RunName {
  readonly seed: number;
  readonly near: number;
}

/** `7`, and `7+2` for the second near it. */
export const runText = ({ seed, near }: RunName): string => (near === 0 ? String(seed) : `${seed}+${near}`);

/** Null when it is no name of a run. */
export function parseRun(text: string): RunName | null {
  const match = /^(\d{1,10})(?:\+([1-9]\d{0,5}))?$/.exec(text);
  const seed = Number(match?.[1]);
  return match === null || seed > MOST_SEED ? null : { seed, near: Number(match[2] ?? 0) };
}

/**
 * What the seed draws; or, near it, the same calls with the same faults on another network, and with other faults on the same
 * network, in turn.
 */
export function drawScenario(seed: number, exercise: Exercise, near = 0): Scenario {
  const { calls, profile, ...settings } = exercise;
  const style = styles[settings.replication];
  const membership = membershipOf(style, settings.more ?? {});
  const requests = 'programs' in calls ? calls.programs : drawRequests(seed, calls, membership);
  const horizon = requests.reduce((latest, { at }) => Math.max(latest, at), 0) + FAULTS_LAST;
  const clients = new Set(requests.map(({ client }) => client)).size;
  const subject = {
    style,
    settings: { ...settings, ...settings.more },
    membership,
    replicas: settings.replicas,
    clients,
    horizon,
  };
  const draw = (from: number) => {
    const { conditions, settings: own, more, faults } = drawProfile(from, subject, profile);
    const patience = Object.keys(more).length === 0 ? {} : { more: { ...settings.more, ...more } };
    return { ...conditions, ...own, ...patience, faults };
  };
  const drawn = draw(seed);
  const rest = { ...settings, requests, via: drawProxies(seed, exercise, requests), faultsEndAt: horizon };
  if (near === 0) return { seed, ...rest, ...drawn };
  const other = hashOf(`${seed} near ${near}`) >>> 0;
  const redrawn = draw(other);
  if (near % 2 === 1) return { seed: other, ...rest, ...redrawn, faults: drawn.faults };
  return { seed, ...rest, ...drawn, faults: redrawn.faults };
}

/** Where the style lets clients use proxies, they do so in some of the runs, each with this probability. */
const BY_PROXY = 0.5;

function drawProxies(
  seed: number,
  { replication, replicas, tolerate, reads, more }: Exercise,
  requests: readonly PlannedRequest[],
): Record<string, string> {
  const chance = random(seed, 'proxies');
  if (styles[replication].refuses({ tolerate, reads, ...more, proxy: true }) !== null || chance.chance(0.7)) return {};
  const clients = [...new Set(requests.map(({ client }) => client))].filter(() => chance.chance(BY_PROXY));
  return Object.fromEntries(clients.map((client) => [client, `rm-${chance.int(1, replicas)}`]));
}

/** A module of the user's own has its types checked by nobody here. */
function checked(drawn: ReturnType<Workload>): ReturnType<Workload> {
  if (Array.isArray(drawn) && typeof drawn[0] === 'string') return drawn;
  throw new ChoraleError(
    'INPUT_INVALID',
    `The workload returned ${JSON.stringify(drawn)}: a call is a list, [operation, …arguments].`,
  );
}

/** Some runs are hurried, and some leave time between a client's calls for everything to have come to rest. */
function drawRequests(
  seed: number,
  { clients, each, workload }: { readonly clients: number; readonly each: number; readonly workload: Workload },
  membership: Membership,
): PlannedRequest[] {
  const chance = random(seed, 'workload');
  const most = membership === 'static' ? MOST_PAUSE : MOST_PAUSE_IN_VIEWS;
  const pause = chance.chance(0.5) ? 0 : chance.int(1, most);
  const requests: PlannedRequest[] = [];
  for (let turn = 0; turn < each; turn++) {
    for (let c = 1; c <= clients; c++) {
      const [op, ...args] = checked(workload(chance));
      requests.push({ at: Math.round(turn * pause + chance.float() * pause), client: `client-${c}`, op, args });
    }
  }
  return requests;
}
