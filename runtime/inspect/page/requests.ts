/** Requests, as colours and words: the same colour for a request in every view. */
import { NONE } from '../timeline/chunk.js';
import type { Timeline } from '../timeline/timeline.js';

const CATEGORIES = 8;

/** Class that colours whatever belongs to this request (a word of the timeline). */
export const categoryOf = (request: number): string =>
  request === NONE ? 'category-none' : `category-${request % CATEGORIES}`;

/** ` for alice#1`, or nothing. */
export function requestOf(timeline: Timeline, index: number): string {
  const request = timeline.request.at(index);
  return request === NONE ? '' : ` for ${timeline.text(request)}`;
}
