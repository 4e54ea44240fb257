/**
 * Requests as JSON lines: `{"at": 120, "client": "alice", "op": "deposit", "args": ["x", 1]}`. `at` and `client` may be
 * left out. An error names the file, the line and the field, for the one who has to mend it.
 */
import * as v from 'valibot';
import type { Serializable } from '../../machines/shared/serializable.js';
import { prepare } from '../cluster/client.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import type { PlannedRequest } from '../simulate/workload.js';
import { readInput } from './input.js';
import type { Input } from './io.js';

/** One request that no line names a client for is this one's. */
const DEFAULT_CLIENT = 'client-1';

const lineSchema = v.strictObject(
  {
    at: v.optional(
      v.pipe(
        v.number('must be a number of ms'),
        v.minValue(0, 'must be 0 ms or more'),
        v.maxValue(1e9, 'is over 1e9 ms'),
      ),
      0,
    ),
    // The name becomes part of request ids, `alice#3`, and of session names, `alice~2`.
    client: v.optional(
      v.pipe(
        v.string('must be a name'),
        v.regex(/^[\p{L}\p{N}_.@-]{1,64}$/u, 'must be a name of letters, digits and _ . @ -'),
      ),
      DEFAULT_CLIENT,
    ),
    op: v.string('must be the name of an operation'),
    args: v.optional(v.array(v.unknown(), 'must be a list of arguments'), []),
  },
  (issue) => (issue.expected === 'never' ? 'is not known: there are at, client, op and args' : 'must be an object'),
);

/**
 * Reads a file, or standard input for `-`.
 * Errors: INPUT_INVALID; CANCELLED when the user ends the wait for standard input.
 */
export async function readRequests(path: string, service: AnyService, io: Input): Promise<PlannedRequest[]> {
  const name = path === '-' ? 'standard input' : path;
  const requests = parseRequests(await readInput(path, `--requests ${path}`, io), name, service);
  if (requests.length === 0) throw new ChoraleError('INPUT_INVALID', `There are no requests in ${name}.`);
  return requests;
}

function parseRequests(text: string, name: string, service: AnyService): PlannedRequest[] {
  const requests: PlannedRequest[] = [];
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    if (line.trim() !== '') requests.push(parseLine(line, service, `${name}:${number}`));
  }
  return requests;
}

function parseLine(line: string, service: AnyService, place: string): PlannedRequest {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch (error) {
    throw new ChoraleError('INPUT_INVALID', `${place}: the line is no JSON: ${(error as Error).message}`); // all that parse throws
  }
  // An array has a property `at` too.
  const parsed = v.safeParse(lineSchema, Array.isArray(data) ? null : data);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = issue.path === undefined ? 'the line' : `field "${v.getDotPath(issue)}"`;
    throw new ChoraleError('INPUT_INVALID', `${place}: ${field} ${missing(issue) ? 'is missing' : issue.message}`);
  }
  const { at, client, op } = parsed.output;
  const args = parsed.output.args as readonly Serializable[]; // what JSON can write is plain data
  checkCall(service, op, args, place);
  return { at, client, op, args };
}

function missing(issue: v.BaseIssue<unknown>): boolean {
  return issue.kind === 'schema' && issue.input === undefined && issue.path !== undefined && issue.expected !== 'never';
}

/** The arguments are sent as they are, and so transformed once only, when they are: here they are only checked. */
function checkCall(service: AnyService, op: string, args: readonly Serializable[], place: string): void {
  try {
    prepare(service, op, args);
  } catch (error) {
    if (!(error instanceof ChoraleError)) throw error;
    const field = service.kindOf(op) === undefined ? 'op' : 'args';
    throw new ChoraleError('INPUT_INVALID', `${place}: field "${field}": ${error.message}`, { cause: error });
  }
}

/** Deals requests out to client-1 … client-n in turn. */
export function dealOut(requests: readonly PlannedRequest[], clients: number): PlannedRequest[] {
  return requests.map((request, place) => ({ ...request, client: `client-${(place % clients) + 1}` }));
}
