/**
 * Requests that wait for their turn, in the order of arrival: one a session, for a session issues its requests one at a time,
 * and a request that is sent again while it waits has its place already. Adding to these is no copy of them.
 */
import type { Address } from '../shared/identifiers.js';
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Batch, Request } from '../shared/requests.js';

export interface Arrivals {
  /** By place, from 1. */
  readonly requests: PersistentMap<Arrival>;
  /** Session → place. */
  readonly places: PersistentMap<number>;
}

interface Arrival {
  readonly frontEnd: Address;
  readonly request: Request;
}

export const noArrivals: Arrivals = { requests: emptyMap(), places: emptyMap() };

export const hasArrivals = ({ requests }: Arrivals): boolean => requests.size > 0;

export function arrived(before: Arrivals, batches: readonly Batch[]): Arrivals {
  let { requests, places } = before;
  for (const { frontEnd, requests: come } of batches) {
    for (const request of come) {
      const place = mapGet(places, request.session) ?? requests.size + 1;
      const known = mapGet(requests, String(place));
      if (known !== undefined && known.request.seq > request.seq) continue; // its client has gone on
      requests = mapSet(requests, String(place), { frontEnd, request });
      places = mapSet(places, request.session, place);
    }
  }
  return { requests, places };
}

/** In order; what follows one another and is of one front end is one batch. */
export function inOrder({ requests }: Arrivals): Batch[] {
  const batches: { frontEnd: Address; requests: Request[] }[] = [];
  for (let place = 1; place <= requests.size; place++) {
    const arrival = mapGet(requests, String(place));
    if (arrival !== undefined) addRequest(batches, arrival.frontEnd, arrival.request);
  }
  return batches;
}

export function addRequest(
  batches: { readonly frontEnd: Address; readonly requests: Request[] }[],
  frontEnd: Address,
  request: Request,
): void {
  const last = batches.at(-1);
  if (last?.frontEnd === frontEnd) last.requests.push(request);
  else batches.push({ frontEnd, requests: [request] });
}
