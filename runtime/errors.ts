/**
 * The one error class. Every promise that Chorale rejects, and every throw of its own, carries one; the codes are
 * stable and listed in docs/errors.md.
 */
import type { Serializable } from '../machines/shared/serializable.js';

export const errorCodes = {
  // definitions and settings
  SERVICE_INVALID: 'The definition of a service cannot work.',
  SETTINGS_INVALID: 'A setting has a value that it cannot have.',
  STYLE_UNSUITED: 'The replication style cannot keep its promise for this service or these settings.',
  // calls
  ARGUMENTS_INVALID: 'The arguments of a call do not pass the schema of its operation.',
  NOT_SERIALIZABLE: 'A value that must cross the wire is not plain data.',
  OPERATION_FAILED: 'The operation threw; it has no effect, and every replica answers the same.',
  QUERY_WRITES: 'A query tried to change the state.',
  SESSION_EXPIRED: 'The replicas have forgotten this session: whether its last request took effect is unknown.',
  NO_AGREEMENT: 'Every replica answered, and no answer has enough equal votes.',
  TIMEOUT: 'No answer came in time: the request may have taken effect or not.',
  CANCELLED: 'The caller gave up on the call: the request may have taken effect or not.',
  BUSY: 'Too many requests are waiting already; this one was not sent.',
  FRONT_END_CRASHED: 'The front end stopped: the request may have taken effect or not.',
  CLOSED: 'The cluster is closed, or closing.',
  // process groups
  STATIC_GROUP: 'The members of a static group are the same for good: nobody joins or leaves.',
  NO_GROUP: 'There is no group of this name, or the process is no member of it.',
  GROUP_EXISTS: 'There is a group of this name already.',
  GROUP_LEFT: 'This incarnation of the process has left the group, and cannot come back.',
  // messages and links
  MESSAGE_MALFORMED: 'A message does not decode, or not to what its type must be.',
  MESSAGE_TOO_LARGE: 'A message is over the size limit.',
  MESSAGE_UNKNOWN: 'A message is for an actor or of a type that is not there.',
  LINK_BROKEN: 'A peer was silent, or behind, for too long: what was bound for it is discarded.',
  // actors
  ACTOR_FAILED: 'An actor threw; its supervisor stopped or restarted it.',
  // exploration
  MACHINE_IMPURE: 'A machine does something that exploration cannot repeat at will.',
  // storage
  STORAGE_FAILED: 'The storage of a node does not open or did not keep what was written; the node can promise nothing.',
  // snapshots
  SNAPSHOT_INVALID: 'A snapshot is of another service or version and no migration leads to this one.',
  // the inspector
  INSPECTOR_FAILED:
    'The inspector cannot open: its port is taken, its page is not built, or there is no Node to serve it.',
  NOT_ALLOWED: 'The inspector may not do this with what it looks at.',
  INSPECTION_FAILED: 'The inspector could not do what it was asked to do; what it shows goes on.',
  // input of the command
  INPUT_INVALID: 'A file, line, field or option of the input is wrong.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export class ChoraleError extends Error {
  /** A key of `errorCodes`, or the code that an operation gave its own error. */
  readonly code: ErrorCode | (string & {});
  /** What a program may want to know, as plain data. */
  readonly details: Serializable | undefined;

  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    options: { cause?: unknown; details?: Serializable } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ChoraleError';
    this.code = code;
    this.details = options.details;
  }
}
