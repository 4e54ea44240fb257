/**
 * What the inspector's page and its sources say to each other. A source is a simulation in a worker of the page, a trace, or a
 * live cluster behind a WebSocket: the page knows them by these words only. Everything here is plain data.
 *
 * A place is a number of events: at place 0 nothing has happened yet, at place n the first n events of the trace have. The page's cursor is
 * a place, and what it shows is what was true there.
 */
import type { Serializable } from '../../machines/shared/serializable.js';
import type { Scenario } from '../simulate/scenario.js';
import type { HistoryProperty } from '../simulate/trial.js';
import type { TraceEvent } from '../trace/format.js';
import type { ChartDescription } from './charts/describe.js';
import type { Chunk, StepChunk } from './timeline/chunk.js';

/** A run as it is saved, linked to and opened: all that decides it. */
export interface Run {
  /** Name of the service; the page has the examples, and a server has the one that it was started with. */
  readonly service: string;
  readonly property?: HistoryProperty;
  readonly scenario: Scenario;
}

/** Until what a step goes on: one event of the trace; one message that arrives; a phase of a request; an answer. */
export type StepTo = 'event' | 'delivery' | 'phase' | 'answer';

/** From the page to its source. */
export type Command =
  /** Simulations only, down to `check`. The run begins anew, at place 0, and stands still. */
  | { readonly do: 'open'; readonly run: Run }
  /** ms of virtual time for each second of the viewer's; from the end of what has happened. */
  | { readonly do: 'run'; readonly speed: number }
  | { readonly do: 'pause' }
  | { readonly do: 'step'; readonly to: StepTo }
  /** As fast as it can until this virtual time, or until everything is at rest. */
  | { readonly do: 'advance'; readonly until: number | null }
  /** At this place: what came after it is forgotten, and the run goes on from there otherwise (docs/faults.md has the words). */
  | { readonly do: 'inject'; readonly fault: string; readonly place: number }
  /** The fault that is in force there, in the trace's words, ends. */
  | { readonly do: 'end'; readonly fault: string; readonly place: number }
  | {
      readonly do: 'request';
      readonly client: string;
      readonly op: string;
      readonly args: readonly Serializable[];
      readonly place: number;
    }
  /** So many requests of each of so many clients, drawn from the service's workload, from this place on. */
  | { readonly do: 'load'; readonly clients: number; readonly each: number; readonly place: number }
  /** Any source. The verdict on the history so far; again later, as long as somebody looks. */
  | { readonly do: 'check'; readonly property: HistoryProperty }
  /** The context of an actor at a place. On a live cluster the place is now, whatever it says. */
  | { readonly do: 'context'; readonly node: string; readonly actor: string; readonly place: number }
  /** One event, whole. */
  | { readonly do: 'event'; readonly index: number }
  /** Traces only: no more is read of its file. What has been read stays. */
  | { readonly do: 'stop' }
  /** Transitions of these actors are reported from now on (`node/actor`), and of no others. Simulations report all. */
  | { readonly do: 'watch'; readonly actors: readonly string[] }
  /** A request to a live cluster, where the application allows it. */
  | { readonly do: 'call'; readonly op: string; readonly args: readonly Serializable[] };

/** How a parameter of an operation can be filled in. */
interface ParameterForm {
  readonly name: string;
  /** A value that the service's own workload or requests had there; null where none is known. */
  readonly example: Serializable | null;
}

export interface OperationForm {
  readonly op: string;
  readonly kind: 'update' | 'query';
  readonly parameters: readonly ParameterForm[];
}

/** What can be done with a source. */
interface Abilities {
  /** Run, step, inject, load: a simulation. */
  readonly control: boolean;
  /** Send requests. */
  readonly request: boolean;
  /** Ask for contexts, at any place (`past`), or as they are now. */
  readonly context: 'past' | 'now' | 'none';
}

/** From the source to the page. */
export type Report =
  | {
      readonly is: 'opened';
      readonly source: 'simulation' | 'trace' | 'live';
      readonly service: string;
      /** Null where it is not known: a live cluster, or a trace of something else than a simulation. */
      readonly run: Run | null;
      readonly operations: readonly OperationForm[];
      /** All that its actors have, by the machines' ids. */
      readonly charts: readonly ChartDescription[];
      readonly abilities: Abilities;
    }
  /** More charts became known. */
  | { readonly is: 'charts'; readonly charts: readonly ChartDescription[] }
  | { readonly is: 'events'; readonly chunk: Chunk; readonly steps: StepChunk | null }
  /**
   * Virtual time, ms; whether it runs; whether there is nothing more to come; of a trace, which share of its file has been read, and 1 of
   * all else. `run` is the run as it now is, faults and requests that were added among it.
   */
  | {
      readonly is: 'standing';
      readonly now: number;
      readonly running: boolean;
      readonly ended: boolean;
      readonly loaded: number;
      readonly run: Run | null;
    }
  | {
      readonly is: 'context';
      readonly node: string;
      readonly actor: string;
      readonly place: number;
      /** As JSON; null where the actor was not there, or nobody kept it. */
      readonly context: Serializable;
      /** Before the last event that it handled; null where there was none. */
      readonly before: Serializable;
      /** Type of that event. */
      readonly event: string | null;
    }
  | { readonly is: 'event'; readonly index: number; readonly event: TraceEvent | null }
  | { readonly is: 'verdict'; readonly verdict: Verdict }
  /** Events that this viewer was too slow for, in all. */
  | { readonly is: 'missed'; readonly events: number }
  /** A command that could not be carried out, or a source that came to its end: stable code, and a sentence. */
  | { readonly is: 'failed'; readonly code: string; readonly message: string };

/** One operation of the history. */
export interface Operation {
  /** `alice#1`, or null for one that was never sent. */
  readonly request: string | null;
  readonly client: string;
  readonly kind: 'update' | 'query';
  readonly op: string;
  readonly args: readonly Serializable[];
  /** ms. */
  readonly calledAt: number;
  /** Null while there is no answer. */
  readonly answeredAt: number | null;
  /** In words, as the trace's outcome; null while there is no answer. */
  readonly result: string | null;
}

export interface Verdict {
  readonly property: HistoryProperty;
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** Sentences. Empty where it holds. */
  readonly why: readonly string[];
  /** All operations so far, by the time of their call. */
  readonly operations: readonly Operation[];
  /** Of those, by place in `operations`: the smallest part found that cannot be put in order. */
  readonly part: readonly number[];
  /** Of those, the one that has no place in any order, where the search says so. */
  readonly culprit: number | null;
}
