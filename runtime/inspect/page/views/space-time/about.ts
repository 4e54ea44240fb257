/** Which requests an event is about. */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import type { Landmarks } from './landmarks.js';

/** Words: all of them, the one that the timeline names first. A message can carry several, and is each one's. */
export function requestsOf(timeline: Timeline, landmarks: Landmarks, index: number): number[] {
  const requests = new Set<number>();
  const first = timeline.request.at(index);
  if (first !== NONE) requests.add(first);
  for (const request of timeline.requestsAt(index)) requests.add(request);
  const message = messageOf(timeline, index);
  if (message === NONE) return [...requests];
  const cause = timeline.cause.at(message);
  if (cause !== NONE && timeline.kind.at(cause) === kindNumber.called)
    for (const request of timeline.requestsAt(cause)) requests.add(request);
  for (const request of landmarks.carried.get(message) ?? []) requests.add(request);
  return [...requests];
}

/** The same for one of them, asked of every event of a picture: nothing is built for it. */
export function isFor(timeline: Timeline, landmarks: Landmarks, index: number, request: number): boolean {
  if (timeline.request.at(index) === request) return true;
  const message = messageOf(timeline, index);
  if (message === NONE) return hasOwn.has(timeline.kind.at(index)) && timeline.requestsAt(index).includes(request);
  if (landmarks.carried.get(message)?.has(request) === true) return true;
  const cause = timeline.cause.at(message);
  return (
    cause !== NONE && timeline.kind.at(cause) === kindNumber.called && timeline.requestsAt(cause).includes(request)
  );
}

/** Kinds that are about requests by themselves. */
const hasOwn: ReadonlySet<number> = new Set([kindNumber.called, kindNumber.phase, kindNumber.answered]);

/** Index of the `sent` of the message that the event is something of. */
const messageOf = (timeline: Timeline, index: number): number =>
  timeline.kind.at(index) === kindNumber.sent ? index : timeline.sent.at(index);
