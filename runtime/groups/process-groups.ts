/**
 * Process groups for applications: groups that are made and unmade by name at run time (GM-1), that processes join and leave by
 * request (GM-2), each with an order of its own (MC-11). Beneath is what replication stands on: view-synchronous members, failure
 * detectors, and a membership service of three nodes.
 */
import { nanoid } from 'nanoid';
import { detectorShapes, failureDetector } from '../../machines/membership/failure-detector.js';
import { membershipService, membershipShapes } from '../../machines/membership/membership-service.js';
import { detectorActor, membershipActor } from '../../machines/membership/messages.js';
import { type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { Node } from '../actors/node.js';
import type { Clock } from '../clock/clock.js';
import { realClock } from '../clock/real.js';
import { VirtualClock } from '../clock/virtual.js';
import { ChoraleError } from '../errors.js';
import { SimulatedNetwork } from '../simulate/network.js';
import { memoryNetwork } from '../transport/memory.js';
import type { Transport } from '../transport/transport.js';
import { Process } from './process.js';

export interface ProcessGroupsSettings {
  /** ms from one sign of life of a process to the next. Default 50. */
  readonly heartbeat?: number;
  /** ms of silence after which a process is suspected, and its groups go on without it. Default 500. */
  readonly suspectAfter?: number;
  /** ms after which a wish that nothing came of is repeated. Default 100. */
  readonly retryAfter?: number;
}

export interface SimulatedGroupsSettings extends ProcessGroupsSettings {
  /** Where all chance comes from. Default 1. */
  readonly seed?: number;
  /** Least and most ms of a frame. Default 1 to 3. */
  readonly delay?: readonly [number, number];
  readonly loss?: number;
  readonly duplicate?: number;
}

const serviceNodes = [1, 2, 3].map((i) => nodeId(`ms-${i}`));

export class ProcessGroups {
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #newId: () => string;
  readonly #settings: Required<ProcessGroupsSettings>;
  readonly #nodes = new Map<NodeId, Node>();
  readonly #incarnations = new Map<NodeId, number>();

  constructor(clock: Clock, transport: Transport, newId: () => string, settings: ProcessGroupsSettings) {
    this.#clock = clock;
    this.#transport = transport;
    this.#newId = newId;
    this.#settings = {
      heartbeat: settings.heartbeat ?? 50,
      suspectAfter: settings.suspectAfter ?? 500,
      retryAfter: settings.retryAfter ?? 100,
    };
    const { suspectAfter: flushAfter, retryAfter } = this.#settings;
    for (const id of serviceNodes) {
      const node = this.#start(id, () => {});
      const input = () => ({ node: id, incarnation: 1, service: serviceNodes, groups: [], flushAfter, retryAfter });
      node.host(membershipActor, membershipService, input, { shapes: membershipShapes });
    }
  }

  /** A process: one that crashed comes back as a new incarnation. Errors: SETTINGS_INVALID when it is there already. */
  process(name: string): Process {
    const id = nodeId(name);
    if (this.#nodes.has(id)) throw new ChoraleError('SETTINGS_INVALID', `There is a process "${name}" already.`);
    const node = this.#start(id, (actor, reason) => process.ended(actor, reason));
    const process: Process = new Process(node, this.#clock, serviceNodes, this.#newId, this.#settings.retryAfter);
    return process;
  }

  /** Stops a process at once, as a fault would. */
  crash(name: string): void {
    this.#nodes.get(nodeId(name))?.crash('fault');
  }

  close(): void {
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }

  #start(id: NodeId, ended: (actor: string, reason: 'evicted' | 'left') => void): Node {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1;
    this.#incarnations.set(id, incarnation);
    const node = new Node({
      id,
      incarnation,
      clock: this.#clock,
      transport: this.#transport,
      hooks: { ended: (reason, actor) => ended(actor, reason), crashed: () => void this.#nodes.delete(id) },
    });
    this.#nodes.set(id, node);
    const { heartbeat: interval, suspectAfter: timeout } = this.#settings;
    const estimator = { kind: 'timeout', timeout };
    const input = () => ({ node: id, incarnation, interval, tick: interval / 4, estimator });
    node.host(detectorActor, failureDetector, input, { shapes: detectorShapes });
    return node;
  }
}

export class SimulatedGroups extends ProcessGroups {
  readonly #virtual: VirtualClock;

  constructor(
    clock: VirtualClock,
    { seed = 1, delay = [1, 3], loss = 0, duplicate = 0, ...rest }: SimulatedGroupsSettings,
  ) {
    let ids = 0;
    const newId = (): string => {
      ids += 1;
      return String(ids);
    };
    super(clock, new SimulatedNetwork(clock, { seed, delay, loss, duplicate }), newId, rest);
    this.#virtual = clock;
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.#virtual.now();
  }

  /** Lets virtual time pass. */
  advance(ms: number): void {
    this.#virtual.advance(ms);
  }

  /** Lets virtual time pass until this is settled. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    do await Promise.resolve();
    while (!settled && this.#virtual.step());
    return promise;
  }
}

/** Groups of processes in this one, in real time. */
export function processGroups(settings: ProcessGroupsSettings = {}): ProcessGroups {
  const clock = realClock();
  return new ProcessGroups(clock, memoryNetwork({ clock }), () => nanoid(), settings);
}

/** The same in virtual time, on a seeded network: the same seed and calls give the same run. */
export const simulateGroups = (settings: SimulatedGroupsSettings = {}): SimulatedGroups =>
  new SimulatedGroups(new VirtualClock(), settings);
