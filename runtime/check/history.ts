/**
 * A history: what clients asked of a service and were told, and when. It knows nothing of replicas or messages, so the
 * same check serves a simulation, a file and a real cluster.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * One operation. `call` and `return` are times in any unit; the interval is closed, so an operation that returns at the
 * very time of another's call is concurrent with it. A process has one operation at a time, and none after one that
 * never returned.
 */
export interface Operation {
  readonly process: number | string;
  readonly op: string;
  /** What the operation is about, where the object has parts: an account, a key. */
  readonly key: string | null;
  readonly input: Json;
  /** What was returned; of an operation that failed as the service says, `{ "error": CODE }`. Without meaning where it never returned. */
  readonly output: Json;
  readonly call: number;
  /** null: it never returned, and may have happened at any time after its call or not at all. */
  readonly return: number | null;
}

export interface History {
  /** The name of a model, where the history says what it is a history of. */
  readonly object: string | null;
  /** The state that the object began with; undefined: its own. */
  readonly initial: Json | undefined;
  readonly operations: readonly Operation[];
}
