/**
 * What a page may say, checked before anybody acts on it.
 */
import * as v from 'valibot';
import type { Serializable } from '../../../machines/shared/serializable.js';
import { ChoraleError } from '../../errors.js';
import { scenarioSchema } from '../../simulate/saved-run.js';
import type { Command } from '../protocol.js';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(1024));
const args = v.array(v.custom<Serializable>((value) => value !== undefined)); // what JSON can write is plain data
const property = v.picklist(['linearizable', 'sequential']);
const run = v.strictObject({ service: name, property: v.exactOptional(property), scenario: scenarioSchema });

const commandSchema = v.variant('do', [
  v.strictObject({ do: v.literal('open'), run }),
  v.strictObject({ do: v.literal('run'), speed: v.pipe(v.number(), v.minValue(0)) }),
  v.strictObject({ do: v.literal('pause') }),
  v.strictObject({ do: v.literal('step'), to: v.picklist(['event', 'delivery', 'phase', 'answer']) }),
  v.strictObject({ do: v.literal('advance'), until: v.nullable(v.pipe(v.number(), v.minValue(0))) }),
  v.strictObject({ do: v.literal('inject'), fault: name, place: count }),
  v.strictObject({ do: v.literal('end'), fault: name, place: count }),
  v.strictObject({ do: v.literal('request'), client: name, op: name, args, place: count }),
  v.strictObject({ do: v.literal('load'), clients: count, each: count, place: count }),
  v.strictObject({ do: v.literal('check'), property }),
  v.strictObject({ do: v.literal('context'), node: name, actor: name, place: count }),
  v.strictObject({ do: v.literal('event'), index: count }),
  v.strictObject({ do: v.literal('stop') }),
  v.strictObject({ do: v.literal('watch'), actors: v.pipe(v.array(name), v.maxLength(1024)) }),
  v.strictObject({ do: v.literal('call'), op: name, args }),
]);

/** Errors: MESSAGE_MALFORMED. */
export function parseCommand(text: string): Command {
  const malformed = (why: string): ChoraleError =>
    new ChoraleError('MESSAGE_MALFORMED', `The inspector's server does not understand the page: ${why}.`);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw malformed('what it sent is no JSON');
  }
  const parsed = v.safeParse(commandSchema, data);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw malformed(`${v.getDotPath(issue) ?? 'its command'}: ${issue.message}`);
}
