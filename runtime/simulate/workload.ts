/**
 * Plays a list of requests on a simulation: each client issues its own in the order of the list, one at a time, none
 * before its time. Synchronous, so that thousands of runs are quick; in slices for whoever must stay responsive.
 */
import type { AnyService } from '../service/index.js';
import type { PlannedRequest, PlayedRequest, PlaySettings } from './plan.js';
import { Player } from './player.js';
import type { Simulation } from './simulation.js';

export type { Liveness, PlannedRequest, PlayedRequest, PlaySettings } from './plan.js';
export { deadlineOf } from './plan.js';

/**
 * Returns what became of each request, in the order of the list. Everything in it must be valid calls of the service.
 * The run ends when every request has ended and the nodes have come to rest.
 */
export function play<S extends AnyService>(
  simulation: Simulation<S>,
  requests: readonly PlannedRequest[],
  settings: PlaySettings,
): PlayedRequest[] {
  const slices = playInSlices(simulation, requests, settings);
  let slice = slices.next();
  while (!slice.done) slice = slices.next();
  return slice.value;
}

/** Steps of the clock in one slice: a few ms of work. */
const SLICE = 256;

/** The same run, which pauses after each slice of it: time stands still until it goes on, and for good when it does not. */
export function* playInSlices<S extends AnyService>(
  simulation: Simulation<S>,
  requests: readonly PlannedRequest[],
  settings: PlaySettings,
): Generator<void, PlayedRequest[]> {
  const player = new Player(simulation, requests, settings);
  const release = simulation.drive();
  try {
    yield* inSlices(() => player.step());
    return player.played;
  } finally {
    release();
  }
}

/** Steps on to the end, with a pause after each slice. */
export function* inSlices(step: () => boolean): Generator<void, void> {
  for (let steps = 1; step(); steps++) if (steps % SLICE === 0) yield;
}
