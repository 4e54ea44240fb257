/**
 * The shapes of requests, replies and what carries them (CH-5), for the machines of every style.
 */
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
const outcome: Shape = (value) => success(value) || failure(value);

export const requestShape: Shape = fields(requestFields);
export const callShape: Shape = fields({ ...requestFields, origin: optional(place), seen: optional(natural) });
export const cancelShape: Shape = fields({ session: text, seq: positive });
export const batchShape: Shape = fields({ frontEnd: place, requests: listOf(requestShape) });
export const replyShape: Shape = fields({ session: text, seq: positive, outcome, version: natural });
export const answerShape: Shape = fields({ session: text, seq: positive, outcome, version: natural, by: listOf(text) });
