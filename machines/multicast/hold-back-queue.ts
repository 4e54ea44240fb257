/**
 * The hold-back queue (Coulouris et al., ch. 15): messages that have come and whose turn has not. They wait in streams
 * (a sender's messages, or the one sequence of a total order), each at its number. A pure data structure: an
 * operation gives a new queue and costs what it changes, not what waits.
 */
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapHas,
  mapSet,
  type PersistentMap,
} from '../shared/persistent-map.js';

/** Stream → number → message. A stream without messages is not kept. */
export type HoldBackQueue<T> = PersistentMap<PersistentMap<T>>;

export const emptyQueue = <T>(): HoldBackQueue<T> => emptyMap();

export function hold<T>(queue: HoldBackQueue<T>, stream: string, number: number, message: T): HoldBackQueue<T> {
  const waiting = mapGet(queue, stream) ?? emptyMap<T>();
  return mapSet(queue, stream, mapSet(waiting, String(number), message));
}

export function heldAt<T>(queue: HoldBackQueue<T>, stream: string, number: number): T | undefined {
  const waiting = mapGet(queue, stream);
  return waiting === undefined ? undefined : mapGet(waiting, String(number));
}

export function release<T>(queue: HoldBackQueue<T>, stream: string, number: number): HoldBackQueue<T> {
  const waiting = mapGet(queue, stream);
  if (waiting === undefined) return queue;
  const rest = mapDelete(waiting, String(number));
  return rest.size === 0 ? mapDelete(queue, stream) : mapSet(queue, stream, rest);
}

/** What waits in a stream, by ascending number. */
export function heldIn<T>(queue: HoldBackQueue<T>, stream: string): T[] {
  const waiting = [...mapEntries(mapGet(queue, stream) ?? emptyMap<T>())];
  return waiting.sort(([a], [b]) => Number(a) - Number(b)).map(([, message]) => message);
}

export const isHolding = <T>(queue: HoldBackQueue<T>, stream: string): boolean => mapHas(queue, stream);

/** The streams in which something waits. */
export const heldStreams = <T>(queue: HoldBackQueue<T>): string[] => [...mapEntries(queue)].map(([stream]) => stream);

/** Without the whole stream. */
export const dropStream = <T>(queue: HoldBackQueue<T>, stream: string): HoldBackQueue<T> => mapDelete(queue, stream);
