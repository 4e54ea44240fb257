/**
 * Copies of frames on their way, as timers of the clock: any of them can be taken out, or kept until it is let go.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import type { MessageName } from './faults.js';

export interface Flight {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: Uint8Array;
  readonly land: () => void;
  timer: unknown;
}

/** A message that is held, and the copies that were. */
interface Hold {
  readonly message: MessageName;
  readonly flights: Flight[];
}

export interface FlightsSettings {
  readonly clock: Clock;
  /** Whether the frame carries the message. */
  readonly carries: (bytes: Uint8Array, message: MessageName) => boolean;
  /** Least time of a flight, ms. */
  readonly least: (flight: Flight) => number;
}

export class Flights {
  readonly #settings: FlightsSettings;
  readonly #flights = new Set<Flight>();
  readonly #holds = new Set<Hold>();

  constructor(settings: FlightsSettings) {
    this.#settings = settings;
  }

  /** It lands after so many ms, unless the message that it carries is held. */
  fly(flight: Flight, delay: number): void {
    for (const hold of this.#holds) {
      if (!this.#carries(flight, hold.message)) continue;
      hold.flights.push(flight);
      return;
    }
    this.#flights.add(flight);
    flight.timer = this.#settings.clock.setTimeout(() => {
      this.#flights.delete(flight);
      flight.land();
    }, delay);
  }

  /** Each copy of the message that is under way: it is so no longer. */
  takeOut(message: MessageName): Flight[] {
    const flights = [...this.#flights].filter((flight) => this.#carries(flight, message));
    for (const flight of flights) {
      this.#flights.delete(flight);
      this.#settings.clock.clearTimeout(flight.timer);
    }
    return flights;
  }

  /** Keeps each copy of the message, those under way among them, until the function returned is called. */
  hold(message: MessageName): () => void {
    const hold: Hold = { message, flights: this.takeOut(message) };
    this.#holds.add(hold);
    return () => this.#release(hold);
  }

  releaseAll(): void {
    for (const hold of this.#holds) this.#release(hold);
  }

  /** What was held goes on in the least time. */
  #release(hold: Hold): void {
    if (!this.#holds.delete(hold)) return;
    for (const flight of hold.flights) this.fly(flight, this.#settings.least(flight));
  }

  #carries({ from, bytes }: Flight, message: MessageName): boolean {
    return from === message.node && this.#settings.carries(bytes, message);
  }
}
