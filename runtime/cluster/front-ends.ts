/**
 * The front ends of a cluster, each on a node of its own with the clients that use it. A client that uses a replica manager as its
 * proxy has a node of its own too, on which stands its way to the proxy in place of a front end.
 */
import { type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import type { Node } from '../actors/node.js';
import type { NodeHooks } from '../actors/node-settings.js';
import { ChoraleError } from '../errors.js';
import type { Recorder } from '../trace/format.js';
import { ClientPort } from './client-port.js';
import type { Environment } from './environment.js';
import type { Placed, Placement } from './placement.js';
import type { Session } from './session.js';
import type { ResolvedSettings } from './settings.js';

export interface ClientOptions {
  /** Names the client in traces and sessions. Default `client-1`, `client-2`, … */
  readonly name?: string;
  /** Uses this replica manager as its proxy (AR-10), in place of a front end on the client's own node. */
  readonly via?: string;
}

interface FrontEnd {
  readonly node: NodeId;
  readonly port: ClientPort;
  readonly via: NodeId | null;
}

/** What front ends need of their cluster. */
export interface FrontEndSettings {
  readonly settings: ResolvedSettings;
  readonly environment: Environment;
  readonly placement: Placement;
  /** The replica managers that ever were. */
  readonly members: readonly NodeId[];
  /** Null while nobody keeps the trace. */
  readonly recorder: () => Recorder | null;
  readonly startNode: (id: NodeId, incarnation: number, hooks: NodeHooks, actors: readonly Placed[]) => Node;
}

export class FrontEnds {
  readonly #of: FrontEndSettings;
  readonly #all: FrontEnd[] = [];
  #clients = 0;

  constructor(of: FrontEndSettings) {
    this.#of = of;
  }

  /** Starts those that the settings ask for. */
  begin(): void {
    for (let k = 0; k < this.#of.settings.frontEnds; k++) this.#start(null);
  }

  /** Whether any client has made a request. */
  get used(): boolean {
    return this.#all.some(({ port }) => port.used);
  }

  /** Calls that have no answer yet. */
  get unsettled(): number {
    return this.#all.reduce((sum, { port }) => sum + port.unsettled, 0);
  }

  /** Another client. Errors: SETTINGS_INVALID, STYLE_UNSUITED. */
  session({ name, via }: ClientOptions): Session {
    this.#clients += 1;
    return this.#for(via).port.client(name ?? `client-${this.#clients}`);
  }

  /** The node of a front end is back, as another incarnation. */
  restart(id: NodeId, incarnation: number): void {
    const place = this.#all.findIndex(({ node }) => node === id);
    const frontEnd = this.#all[place];
    frontEnd?.port.reopen(this.#startNode(place, id, incarnation, frontEnd.via));
  }

  /** The clients on this node have fallen with it (AR-11). */
  crashed(id: NodeId, cause: ChoraleError | null): void {
    for (const { node, port } of this.#all) {
      if (node !== id) continue;
      const message = `The front end ${id} crashed; whether the request took effect is unknown.`;
      port.close(new ChoraleError('FRONT_END_CRASHED', message, { cause: cause ?? undefined }));
    }
  }

  close(error: ChoraleError): void {
    for (const { port } of this.#all) port.close(error);
  }

  #start(via: NodeId | null): FrontEnd {
    const { environment, settings, recorder } = this.#of;
    const place = this.#all.length;
    const node = this.#startNode(place, nodeId(`fe-${place + 1}`), 1, via);
    const port = new ClientPort(node, {
      clock: environment.clock,
      get recorder() {
        return recorder();
      },
      seed: environment.seed,
      newSession: environment.newSession,
      called: () => environment.called?.(),
      waiting: settings.waiting,
    });
    const frontEnd: FrontEnd = { node: node.id, port, via };
    this.#all.push(frontEnd);
    return frontEnd;
  }

  #startNode(place: number, id: NodeId, incarnation: number, via: NodeId | null): Node {
    const { placement, members, startNode } = this.#of;
    const hooks: NodeHooks = {
      reply: (answers) => this.#all[place]?.port.answers(answers),
      congestion: (congested) => {
        if (!congested) this.#all[place]?.port.flush();
      },
    };
    const actors = via === null ? placement.frontEnd(id, place % members.length) : placement.proxyClient(id, via);
    return startNode(id, incarnation, hooks, actors);
  }

  #for(via: string | undefined): FrontEnd {
    const { settings, members } = this.#of;
    if (via !== undefined) {
      const proxy = members.find((member) => member === via);
      if (proxy === undefined)
        throw new ChoraleError('SETTINGS_INVALID', `"${via}" is no replica manager: there are ${members.join(', ')}.`);
      const refused = settings.style.refuses({ ...settings, proxy: true });
      if (refused !== null) throw new ChoraleError('STYLE_UNSUITED', refused);
      return this.#start(proxy);
    }
    if (settings.frontEnds === 0) return this.#start(null);
    const own = this.#all.filter((frontEnd) => frontEnd.via === null);
    return own[(this.#clients - 1) % own.length] as FrontEnd; // settings say that there is at least one
  }
}
