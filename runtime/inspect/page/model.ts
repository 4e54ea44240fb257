/**
 * What the page knows, in one place: every view reads it, none has a copy. The timeline is one object that grows; `told` counts its
 * changes, so a view that reads `told.value` is drawn again when there is more.
 */
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { ChartDescription } from '../charts/describe.js';
import type { Command, Report, Verdict } from '../protocol.js';
import { Timeline } from '../timeline/timeline.js';
import { inOrder } from './order.js';

/** What somebody pointed at: shown in every view. */
export type Choice =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'actor'; readonly node: string; readonly actor: string }
  /** By index in the timeline; for a message, that of its `sent`. */
  | { readonly kind: 'event'; readonly index: number }
  | { readonly kind: 'message'; readonly index: number }
  /** `alice#1`. */
  | { readonly kind: 'request'; readonly request: string };

export type Opened = Extract<Report, { is: 'opened' }>;
export type Standing = Extract<Report, { is: 'standing' }>;
export type EventAt = Extract<Report, { is: 'event' }>;
export type ContextAt = Extract<Report, { is: 'context' }>;

/** Where reports come from and commands go to. */
export interface Source {
  send(command: Command): void;
  close(): void;
}

export const timeline = signal(new Timeline());
/** Goes up with every change of the timeline. */
export const told = signal(0);
export const opened = signal<Opened | null>(null);
export const charts = signal<ReadonlyMap<string, ChartDescription>>(new Map());
const resting: Standing = { is: 'standing', now: 0, running: false, ended: false, loaded: 1, run: null };
export const standing = signal(resting);
/** The place that all views show. */
export const cursor = signal(0);
/** Whether the cursor stays at the end as events come. */
export const following = signal(true);
export const chosen = signal<Choice | null>(null);
export const verdict = signal<Verdict | null>(null);
/** What the history is being checked for, until there is a verdict; that of a long trace takes seconds. */
export const checking = signal<HistoryProperty | null>(null);
/** The last that was asked for: of the chosen actor, at the cursor. */
export const context = signal<ContextAt | null>(null);
/** The last event that was asked for, whole. */
export const event = signal<EventAt | null>(null);
/** Events that came too fast for this page. */
export const missed = signal(0);
/** What went wrong last, until somebody has put it away. */
export const failure = signal<{ readonly code: string; readonly message: string } | null>(null);
/** Which nodes stand where, top down, in every view that has lines for them. */
export const nodes = computed(() => {
  told.value;
  const { words, nodes: numbers } = timeline.value;
  const names = [...numbers].map((number) => words[number] as string); // nodes are words
  return names.filter((name) => name !== 'network').sort(inOrder);
});

let source: Source | null = null;

export function send(command: Command): void {
  source?.send(command);
}

/** Has the history checked for this. */
export function check(property: HistoryProperty): void {
  checking.value = property;
  send({ do: 'check', property });
}

/** Everything begins anew with this source. */
export function attach(next: Source): void {
  source?.close();
  source = next;
}

/** Points at something, or at nothing any more where it was chosen already. */
export function choose(choice: Choice): void {
  chosen.value = JSON.stringify(chosen.value) === JSON.stringify(choice) ? null : choice;
}

/** Another run is about to be opened: what is known of this one is no longer of interest. */
export function expect(): void {
  opened.value = null;
}

/** Looks at a place: the run is left to go on by itself unless it is the end. */
export function lookAt(place: number): void {
  const { length } = timeline.value;
  batch(() => {
    cursor.value = Math.max(0, Math.min(length, Math.round(place)));
    following.value = cursor.value === length;
  });
}

/** Looks at this place of the run that is opened next, as soon as it is there. */
export function lookOnce(place: number): void {
  let of: typeof opened.value = null;
  const stop = effect(() => {
    told.value;
    const { value: now } = opened;
    if (now === null) return;
    of ??= now;
    if (now === of && timeline.value.length < place) return;
    if (now === of) untracked(() => lookAt(place));
    queueMicrotask(() => stop());
  });
}

export function take(report: Report): void {
  batch(() => {
    switch (report.is) {
      case 'opened':
        timeline.value = new Timeline();
        told.value += 1;
        cursor.value = 0;
        following.value = report.source === 'live';
        verdict.value = null;
        checking.value = null;
        failure.value = null;
        context.value = null;
        event.value = null;
        missed.value = 0;
        opened.value = report;
        standing.value = resting;
        charts.value = new Map(report.charts.map((chart) => [chart.chart, chart]));
        break;
      case 'charts':
        charts.value = new Map([...charts.value, ...report.charts.map((chart) => [chart.chart, chart] as const)]);
        break;
      case 'events': {
        const { value: choice } = chosen;
        // another event has its number now
        if (choice !== null && 'index' in choice && choice.index >= report.chunk.from) chosen.value = null;
        timeline.value.append(report.chunk, report.steps);
        told.value += 1;
        const { length } = timeline.value;
        if (following.value || cursor.value > length) cursor.value = length;
        break;
      }
      case 'standing':
        standing.value = report;
        break;
      case 'context':
        context.value = report;
        break;
      case 'verdict':
        verdict.value = report.verdict;
        checking.value = null;
        break;
      case 'missed':
        missed.value = report.events;
        break;
      case 'failed':
        checking.value = null;
        failure.value = { code: report.code, message: report.message };
        break;
      case 'event':
        event.value = report;
        break;
    }
  });
}

/** Asks for the context of the chosen actor whenever the cursor or the choice has moved. */
export function keepContext(): () => void {
  return effect(() => {
    const { value: choice } = chosen;
    const place = cursor.value;
    if (choice?.kind !== 'actor' || opened.value?.abilities.context === 'none') return;
    send({ do: 'context', node: choice.node, actor: choice.actor, place });
  });
}

/** Has a live cluster report the transitions of the actors that are looked at, and of no others: that costs it something. */
export function keepWatch(): () => void {
  return effect(() => {
    const { value: choice } = chosen;
    if (opened.value?.source !== 'live') return;
    send({ do: 'watch', actors: choice?.kind === 'actor' ? [`${choice.node}/${choice.actor}`] : [] });
  });
}
