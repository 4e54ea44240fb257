/**
 * The types of a service, kept flat so that editors stay quick: a service carries the types of its updates and queries
 * as they were written, and what a client sees is made of those in one step.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Execution, ReplicatedObject } from '../../machines/shared/object.js';
import type { Request } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { View } from './collection.js';
import type { Patch } from './patches.js';
import type { Surroundings } from './surroundings.js';

/** An operation of any state, arguments and reply. */
type Operation = (state: never, ...args: never[]) => unknown;
type Operations = Readonly<Record<string, Operation>>;

/** `T` where it is plain data, interfaces included; what is not becomes `never`. A reply may be nothing (`void`). */
type Plain<T> = T extends string | number | boolean | null | undefined | Uint8Array
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : never;

/** The arguments that a caller gives: the parameters but for the state and, at the end, the surroundings. */
export type ArgumentsOf<O> = O extends (state: never, ...args: infer Parameters) => unknown
  ? Required<Parameters> extends readonly [...unknown[], Surroundings]
    ? WithoutLast<Parameters>
    : Parameters
  : never;
type WithoutLast<T extends readonly unknown[]> = T extends readonly [...infer Head, unknown?] ? Head : never;

export type ReplyOf<O> = O extends (...args: never[]) => infer Reply ? Reply : never;

/**
 * What each operation must be besides: `unknown` where all is well, and else a property that it has not, whose name the
 * compiler shows in its error.
 */
export type Sound<O, Schemas> = {
  readonly [Name in keyof O]: SoundOperation<O[Name], Name extends keyof Schemas ? Schemas[Name] : undefined>;
};

type SoundOperation<O, Schema> = O extends (state: never, ...args: infer Parameters) => infer Reply
  ? Parameters extends readonly [...unknown[], Surroundings]
    ? { readonly 'SERVICE_INVALID: give the last parameter its value: env = surroundings()': never }
    : IsPlain<Reply> extends true
      ? IsPlain<ArgumentsOf<O>> extends true
        ? Fits<ArgumentsOf<O>, Schema>
        : { readonly 'NOT_SERIALIZABLE: an argument is not plain data': never }
      : [Reply] extends [PromiseLike<unknown>]
        ? { readonly 'SERVICE_INVALID: an operation is synchronous': never }
        : { readonly 'NOT_SERIALIZABLE: the reply is not plain data': never }
  : never;

/** `Serializable` has no end, so it is asked for before its parts are. */
// biome-ignore lint/suspicious/noConfusingVoidType: an operation without `return` has the reply type void
type IsPlain<T> = [T] extends [Serializable | void] ? true : [T] extends [Plain<T> | void] ? true : false;

type Fits<Arguments, Schema> =
  Schema extends StandardSchemaV1<unknown, infer Output>
    ? Output extends Arguments
      ? unknown
      : { readonly 'SERVICE_INVALID: the schema of the arguments returns others than the operation takes': never }
    : unknown;

export type Updates<State> = Readonly<Record<string, (draft: State, ...args: never[]) => unknown>>;
export type Queries<State> = Readonly<Record<string, (state: View<State>, ...args: never[]) => unknown>>;

/** A Standard Schema by the operation whose list of arguments it is for. */
export type ArgumentSchemas = Readonly<Record<string, StandardSchemaV1>>;

/** What `service()` is given. */
export interface Definition<
  State extends object,
  U extends Updates<State>,
  Q extends Queries<State>,
  Deterministic extends boolean,
  Schemas extends ArgumentSchemas,
> {
  /**
   * The state to begin with: plain data and collections, the same at every call. What grows belongs in collections: all the
   * rest is sent whole, in one message, to a replica that joins.
   */
  readonly state: () => State;
  /** Immer recipes: each writes into the draft of the state and returns the reply. One that throws leaves no effect. */
  readonly updates: U;
  /** They read the state, which is frozen. */
  readonly queries: Q;
  /** A Standard Schema, a synchronous one, for the list of an operation's arguments. */
  readonly arguments?: Schemas;
  /** Of the state's form: a whole number, 1 when not said. */
  readonly version?: number;
  /** A state of an older version, which it may write into, to one of this version. */
  migrate?(oldState: unknown, fromVersion: number): State;
  /** False says that an operation may give another result at another replica. */
  readonly deterministic?: Deterministic;
}

export type OperationKind = 'update' | 'query';

/** A service: a deterministic object with its operations' types. Made by `service()`. */
export interface Service<
  State = unknown,
  U extends Operations = Operations,
  Q extends Operations = Operations,
  Deterministic extends boolean = boolean,
> extends ReplicatedObject<State> {
  /** Types only; there is no such property. */
  readonly types?: { readonly updates: U; readonly queries: Q };
  readonly version: number;
  readonly deterministic: Deterministic;
  readonly operations: readonly {
    readonly name: string;
    readonly kind: OperationKind;
    /** Names of what a caller gives, as the function's text has them; null for one that has none. */
    readonly parameters: readonly (string | null)[];
  }[];
  kindOf(operation: string): OperationKind | undefined;
  /** The arguments, as the operation's schema returns them. Errors: ARGUMENTS_INVALID, with the schema's issues. */
  validate(operation: string, args: readonly unknown[]): readonly Serializable[];
  /** As `execute`, with what changed. */
  executeWithPatches(value: State, requests: readonly Request[]): ExecutionWithPatches<State>;
  /** The value after what the patches tell. */
  applyPatches(value: State, patches: readonly Patch[]): State;
}

/** A service of whatever state and operations. */
export type AnyService = Service;

export interface ExecutionWithPatches<State> extends Execution<State> {
  /** What changed between the value given and the one returned, all requests together. */
  readonly patches: readonly Patch[];
}

export interface CallOptions {
  /** ms until the call is given up with TIMEOUT. */
  readonly timeout?: number;
  /** Gives the call up with CANCELLED. */
  readonly signal?: AbortSignal;
}

type Call<O> = (...args: ArgumentsOf<O>) => Promise<ReplyOf<O>>;

/** A client of a service: its operations, as async methods. */
export type ClientOf<S extends AnyService> =
  S extends Service<infer _State, infer U, infer Q, boolean>
    ? { readonly [Name in keyof U]: Call<U[Name]> } & { readonly [Name in keyof Q]: Call<Q[Name]> } & {
        /** The same client, with these options for the calls made by what it returns. */
        with(options: CallOptions): ClientOf<S>;
      }
    : never;
