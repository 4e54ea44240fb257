/**
 * A cluster of Chorale in @xstate/inspect: over a WebSocket, for its `createWebSocketReceiver`, or in a window of the page that the cluster
 * runs in, for its `createWindowReceiver`. The actors are inspected only while somebody watches.
 *
 * @packageDocumentation
 */
import { type InspectorOptions, inspect } from '@xstate/inspect';
import { inspect as inspectOnServer } from '@xstate/inspect/lib/server.js';
import type { WebSocket } from 'ws';
import { Actors, type Inspectable, type WatchedActor } from '../bridge/actors.js';
import { type ViewerSettings, Viewers } from '../bridge/viewers.js';
import { Services } from './services.js';

export type { Inspectable } from '../bridge/actors.js';
export type { ViewerSettings } from '../bridge/viewers.js';

export interface Inspection {
  /** For `createWebSocketReceiver({ server })`: `127.0.0.1:41234`. */
  readonly address: string;
  /** Whether the cluster's actors are inspected now. */
  readonly watching: boolean;
  /** Events and states left out, for they came faster than they could be told. */
  readonly missed: number;
  close(): Promise<void>;
}

/** What the package's server half says to a viewer's connection, and hears from it. */
interface Connection {
  on(event: 'message', listener: (data: string, binary: boolean) => void): void;
}

/** Serves the actors to `createWebSocketReceiver`. Errors: SETTINGS_INVALID. */
export async function inspectWithXState4(cluster: Inspectable, settings: ViewerSettings = {}): Promise<Inspection> {
  const watchers = new Set<WebSocket>();
  const hear = new Map<WebSocket, (data: string, binary: boolean) => void>();
  let connected: (connection: Connection) => void = () => {};
  const viewers = await Viewers.open(settings, {
    came: (viewer) => connected({ on: (_, listener) => hear.set(viewer, listener) }),
    said: (viewer, text) => {
      const type = commandOf(text);
      if (type === null) {
        viewers.warn(new Error(`A viewer of @xstate/inspect said what is no command of it: ${text.slice(0, 100)}`));
        return;
      }
      hear.get(viewer)?.(text, false);
      if (type !== 'xstate.inspecting') return;
      watchers.add(viewer);
      actors.watch();
    },
    left: (viewer) => {
      hear.delete(viewer);
      watchers.delete(viewer);
      if (watchers.size === 0) actors.leave();
    },
  });
  const services: Services = new Services(
    drive(
      () => actors,
      (error) => viewers.warn(error),
    ),
  );
  const actors: Actors = new Actors(cluster, services);
  const everybody = { OPEN: 1, readyState: 1, send: (text: string) => viewers.tellAll(text) };
  const server = {
    clients: new Set([everybody]),
    on: (event: string, listener: (connection: Connection) => void) => {
      if (event === 'connection') connected = listener;
    },
  };
  withDevTools(services, () =>
    // it uses no more of a server than this, and the real one lets through what would break it
    inspectOnServer({ server: server as unknown as Parameters<typeof inspectOnServer>[0]['server'] }),
  );
  return {
    address: viewers.address,
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

/** The page's own window, as far as it is used. */
interface PageWindow {
  addEventListener(type: 'message', listener: (event: { readonly data?: unknown }) => void): void;
  removeEventListener(type: 'message', listener: (event: { readonly data?: unknown }) => void): void;
}

/**
 * Shows the actors of a cluster that runs in this page to `createWindowReceiver`, in an iframe or a window: `options` are those of the package's
 * `inspect`. They are inspected from the moment when the receiver reports, until the function returned is called. `warn` is told which events
 * from there could not be given to their actors.
 */
export function inspectInWindow(
  cluster: Inspectable,
  options: Omit<InspectorOptions, 'devTools'>,
  warn: (error: unknown) => void = console.warn,
): () => void {
  const page = (globalThis as unknown as { readonly window: PageWindow }).window; // this is for browsers only
  const services: Services = new Services(drive(() => actors, warn));
  const actors: Actors = new Actors(cluster, services);
  const inspector = inspect({ ...options, devTools: () => services });
  const reports = ({ data }: { readonly data?: unknown }): void => {
    if (typeOf(data) === 'xstate.inspecting') actors.watch();
  };
  page.addEventListener('message', reports);
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    page.removeEventListener('message', reports);
    actors.leave();
    inspector?.disconnect();
  };
}

/** An event from a viewer goes to its actor, and if that cannot be, nothing else is harmed. */
function drive(actors: () => Actors, warn: (error: unknown) => void): (actor: WatchedActor, event: unknown) => void {
  return (actor, event) => {
    try {
      actors().send(actor, event);
    } catch (error) {
      warn(error);
    }
  };
}

/** The package keeps its services in its module, for all inspectors of a process together: it gets those of this cluster in their place. */
function withDevTools(services: Services, run: () => void): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, '__xstate__');
  Object.defineProperty(globalThis, '__xstate__', { configurable: true, get: () => services, set: () => {} });
  try {
    run();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, '__xstate__');
    else Object.defineProperty(globalThis, '__xstate__', before);
  }
}

/** What a viewer may say: that it watches, and an event for a service. Anything else would break the package's machine. */
function commandOf(text: string): 'xstate.inspecting' | 'xstate.event' | null {
  const command = parsed(text);
  const type = typeOf(command);
  if (type === 'xstate.inspecting') return type;
  if (type !== 'xstate.event' || typeof command !== 'object' || command === null || !('event' in command)) return null;
  const event = typeof command.event === 'string' ? parsed(command.event) : null;
  return typeof event === 'object' && event !== null && 'origin' in event && 'data' in event ? type : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no JSON: no command
  }
}

const typeOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
