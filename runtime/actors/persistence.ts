/**
 * What a node's actors keep in its storage: a journal each. Everything that is persisted in one tick, or while an earlier
 * sync is under way, shares one sync; an actor is told of it only after that (CH-4).
 */
import type { Effect } from '../../machines/shared/effects.js';
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import { journalBytes, readJournal } from '../storage/journal.js';
import type { Storage } from '../storage/storage.js';
import type { CauseId } from '../trace/format.js';
import type { Codec } from './codec.js';

/** The node, as its storage sees it. */
export interface PersistenceOwner {
  /** What the actor persisted by these numbers is safe. */
  persisted(actor: string, numbers: readonly number[], cause: CauseId | undefined): void;
  /** STORAGE_FAILED, or of the codec: NOT_SERIALIZABLE, MESSAGE_MALFORMED, MESSAGE_TOO_LARGE. */
  failed(error: ChoraleError): void;
}

interface Waiting {
  readonly actor: string;
  readonly number: number;
  readonly cause: CauseId | undefined;
}

export class Persistence {
  readonly #node: NodeId;
  readonly #owner: PersistenceOwner;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #codec: Codec;
  #waiting: Waiting[] = [];
  #syncing = false;
  #closed = false;

  constructor(node: NodeId, owner: PersistenceOwner, storage: Storage, clock: Clock, codec: Codec) {
    this.#node = node;
    this.#owner = owner;
    this.#storage = storage;
    this.#clock = clock;
    this.#codec = codec;
  }

  /** Nothing waits to be safe. */
  get idle(): boolean {
    return !this.#syncing;
  }

  /**
   * What the actor persisted in earlier incarnations of the node, without what a crash has torn; nobody may act on it
   * before `secure` has called back. Null when it cannot be read.
   */
  read(actor: string): readonly unknown[] | null {
    try {
      const bytes = this.#storage.read(actor);
      const { records, sound } = readJournal(bytes);
      // What is appended behind a torn record would never be read.
      if (sound < bytes.length) this.#storage.replace(actor, bytes.slice(0, sound));
      return records.map((record) => this.#codec.decode(record));
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  /** Makes sure of what was read: what survived one crash without having been synced could be gone after the next. */
  secure(done: () => void): void {
    this.#storage.sync(this.#ifOpen(done));
  }

  persist(actor: string, effect: Extract<Effect, { type: 'persist' }>, cause: CauseId | undefined): void {
    try {
      const bytes = journalBytes(effect.records.map((record) => this.#codec.encode(record)));
      if (effect.replace === true) this.#storage.replace(actor, bytes);
      else this.#storage.append(actor, bytes);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#waiting.push({ actor, number: effect.number, cause });
    if (this.#syncing) return;
    this.#syncing = true;
    this.#clock.defer(() => this.#sync());
  }

  /** Nobody is told of anything after this. */
  close(): void {
    this.#closed = true;
  }

  #sync(): void {
    if (this.#closed) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#storage.sync(
      this.#ifOpen(() => {
        if (this.#waiting.length > 0) this.#sync();
        else this.#syncing = false;
        this.#tell(batch);
      }),
    );
  }

  #tell(batch: readonly Waiting[]): void {
    for (const actor of new Set(batch.map((each) => each.actor))) {
      const own = batch.filter((each) => each.actor === actor);
      this.#owner.persisted(
        actor,
        own.map(({ number }) => number),
        own[0]?.cause,
      );
    }
  }

  #failed(cause: unknown): void {
    const error =
      cause instanceof ChoraleError
        ? cause
        : new ChoraleError('STORAGE_FAILED', `The storage of ${this.#node} failed: ${String(cause)}`, { cause });
    this.#owner.failed(error);
  }

  #ifOpen(then: () => void): (error: Error | null) => void {
    return (error) => {
      if (this.#closed) return;
      if (error === null) then();
      else {
        const message = `The storage did not keep what was written: ${error.message}`;
        this.#owner.failed(new ChoraleError('STORAGE_FAILED', message, { cause: error }));
      }
    };
  }
}
