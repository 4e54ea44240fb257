/**
 * A cluster of Chorale in @statelyai/inspect: a server at an address of this machine, to which that package's `createWebSocketReceiver` connects.
 * Nothing leaves the machine. The actors are inspected only while somebody watches.
 *
 * @packageDocumentation
 */
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import type { WebSocket } from 'ws';
import { type ActorListener, Actors, type Inspectable, type Picture, type WatchedActor } from '../bridge/actors.js';
import { type ViewerSettings, Viewers } from '../bridge/viewers.js';

export type { Inspectable } from '../bridge/actors.js';
export type { ViewerSettings } from '../bridge/viewers.js';

export interface StatelySettings extends ViewerSettings {
  /** Passed on: what is left out (`filter`), and what nobody is to see (`sanitizeContext`, `sanitizeEvent`). */
  readonly inspector?: Omit<NonNullable<Parameters<typeof createInspector>[1]>, 'autoStart' | 'maxDeferredEvents'>;
}

export interface Inspection {
  /** For `createWebSocketReceiver({ server })`: `ws://127.0.0.1:41234`. */
  readonly address: string;
  /** Whether the cluster's actors are inspected now. */
  readonly watching: boolean;
  /** Events and states left out, for they came faster than they could be told. */
  readonly missed: number;
  close(): Promise<void>;
}

/** Serves the actors to `createWebSocketReceiver`. Errors: SETTINGS_INVALID. */
export async function inspectWithStately(cluster: Inspectable, settings: StatelySettings = {}): Promise<Inspection> {
  const { inspector: options, ...own } = settings;
  const watchers = new Set<WebSocket>();
  let audience: 'all' | WebSocket = 'all';
  const send = (event: StatelyInspectionEvent): void => {
    // it names actors after their machines, which many have in common
    const text = JSON.stringify(event.type === '@xstate.actor' ? { ...event, name: event.sessionId } : event);
    if (audience === 'all') viewers.tellAll(text);
    else viewers.tell(audience, text);
  };
  const shown = new Shown(createInspector({ send }, { ...options, autoStart: false }));
  const actors: Actors = new Actors(cluster, shown);
  const viewers: Viewers = await Viewers.open(own, {
    came: (viewer) => {
      watchers.add(viewer);
      // the others know those that run already
      audience = viewer;
      shown.repeat();
      audience = 'all';
      actors.watch();
    },
    said: () => viewers.warn(new Error('A viewer of @statelyai/inspect said something: it can only watch.')),
    left: (viewer) => {
      watchers.delete(viewer);
      if (watchers.size === 0) actors.leave();
    },
  });
  return {
    address: `ws://${viewers.address}`,
    get watching() {
      return actors.watching;
    },
    get missed() {
      return actors.missed;
    },
    async close() {
      actors.leave();
      await viewers.close();
    },
  };
}

type StatelyInspector = ReturnType<typeof createInspector>;

/** What an inspector of @statelyai/inspect is told, and who runs now, with their states, for those who come later. */
class Shown implements ActorListener {
  readonly #inspector: StatelyInspector;
  readonly #running = new Map<WatchedActor, Picture>();

  constructor(inspector: StatelyInspector) {
    this.#inspector = inspector;
  }

  repeat(): void {
    for (const [actor, picture] of this.#running) this.#introduce(actor, picture);
  }

  started(actor: WatchedActor): void {
    this.#running.set(actor, actor.first);
    this.#introduce(actor, actor.first);
  }

  sent(actor: WatchedActor, event: { readonly type: string; readonly from?: unknown }): void {
    const source = [...this.#running.keys()].find(({ address }) => address === event.from);
    this.#inspector.event(actor.sessionId, event, source === undefined ? {} : { source: source.sessionId });
  }

  changed(actor: WatchedActor, picture: Picture, event: { readonly type: string }): void {
    this.#running.set(actor, picture);
    this.#inspector.snapshot(actor.sessionId, picture, { event });
  }

  stopped(actor: WatchedActor): void {
    const picture = this.#running.get(actor);
    this.#running.delete(actor);
    // one that ended by itself has said so with its last state
    if (picture?.status === 'active')
      this.#inspector.snapshot(actor.sessionId, { ...picture, status: 'stopped' }, { event: { type: 'xstate.stop' } });
  }

  #introduce({ sessionId, machine }: WatchedActor, picture: Picture): void {
    // of an actor it reads these, and no more
    const reference = { sessionId, logic: machine } as unknown as Parameters<StatelyInspector['actor']>[0];
    this.#inspector.actor(reference, picture, { rootId: sessionId });
  }
}
