/**
 * The shapes of requests, replies and what carries them (CH-5), for the machines of every style.
 */
import type { Delivery } from './effects.js';
import type { Batch } from './requests.js';
import { anything, fields, listOf, natural, number, oneOf, optional, type Shape, text } from './shapes.js';

const positive: Shape = (value) => natural(value) && value !== 0;
const place: Shape = (value) => typeof value === 'string' && value.indexOf('/') > 0;

const requestFields = {
  session: text,
  seq: positive,
  after: natural,
  kind: oneOf('update', 'query'),
  op: text,
  args: listOf(anything),
  at: number,
  seed: number,
};

const success = fields({ ok: oneOf(true) });
const failure = fields({ ok: oneOf(false), error: fields({ code: text, message: text }) });
export const outcomeShape: Shape = (value) => success(value) || failure(value);

export const requestShape: Shape = fields(requestFields);
export const callShape: Shape = fields({ ...requestFields, origin: optional(place), seen: optional(natural) });
export const cancelShape: Shape = fields({ session: text, seq: positive });
const batchShape: Shape = fields({ frontEnd: place, requests: listOf(requestShape) });
export const replyShape: Shape = fields({ session: text, seq: positive, outcome: outcomeShape, version: natural });
export const answerShape: Shape = fields({
  session: text,
  seq: positive,
  outcome: outcomeShape,
  version: natural,
  by: listOf(text),
});

/** A query: what one replica manager may be asked alone. */
export const queryShape: Shape = fields({ ...requestFields, kind: oneOf('query') });

/** The batches among what a group has delivered; whatever else there is cannot be executed. */
export function batchesIn(deliveries: readonly Delivery[]): Batch[] {
  const batches: Batch[] = [];
  for (const { payload } of deliveries) {
    if (batchShape(payload)) batches.push(payload as unknown as Batch); // its shape was looked at just now
  }
  return batches;
}
