/**
 * What a message-sequence picture shows of a trace, row by row, before it is drawn: calls and answers, what replica
 * managers executed, messages where they arrive, crashes and faults. Time runs downwards.
 *
 * A message is one row, at its arrival. It is two when its receiver executed something meanwhile, for that is what
 * anomalies are made of: one where it leaves, one where it arrives. One that never arrives has its row where it leaves.
 */
import type { CauseId, TraceEvent } from './format.js';
import { outcomeText } from './outcome.js';

export type SequenceRow =
  /** Something that happened at one node. */
  | {
      readonly kind: 'note';
      readonly t: number;
      readonly node: string;
      readonly what: 'called' | 'answered' | 'did' | 'crashed' | 'recovered' | 'aside';
      readonly text: string;
    }
  | {
      readonly kind: 'message';
      readonly t: number;
      readonly from: string;
      readonly to: string;
      readonly part: 'whole' | 'leaves' | 'arrives' | 'lost';
      readonly text: string;
    }
  /** Something that happened to the network. */
  | { readonly kind: 'fault'; readonly t: number; readonly text: string };

export interface Shown {
  /** Control messages, deliveries and what was dropped as well. */
  readonly all: boolean;
  /** A request in words, `deposit('x', 1)`, as far as the reader knows it. */
  readonly request: (id: string) => string;
}

type Sent = Extract<TraceEvent, { kind: 'sent' }>;
type Received = Extract<TraceEvent, { kind: 'received' }>;
/** A row, and the place of its event in the trace. */
type Placed = readonly [place: number, row: SequenceRow];

export function sequenceRows(events: readonly TraceEvent[], shown: Shown): SequenceRow[] {
  const notes = notesOf(events, shown);
  const acted = new Map<string, number[]>();
  for (const [place, row] of notes) {
    if (row.kind !== 'note' || row.what !== 'did') continue;
    const places = acted.get(row.node) ?? [];
    acted.set(row.node, places);
    places.push(place);
  }
  const messages = messagesOf(events, shown, (node, from, to) =>
    (acted.get(node) ?? []).some((place) => place > from && place < to),
  );
  return [...notes, ...messages].sort(([a], [b]) => a - b).map(([, row]) => row);
}

function notesOf(events: readonly TraceEvent[], shown: Shown): Placed[] {
  const rows: Placed[] = [];
  let place = 0;
  while (place < events.length) {
    const event = events[place] as TraceEvent; // within the list
    const end = event.kind === 'phase' ? endOfPhases(events, place) : place + 1;
    const row =
      event.kind === 'phase' ? phaseRow(events.slice(place, end) as PhaseEvent[], shown) : noteOf(event, shown);
    if (row !== null) rows.push([place, row]);
    place = end;
  }
  return rows;
}

type PhaseEvent = Extract<TraceEvent, { kind: 'phase' }>;

/** Phases that an actor goes through in handling one thing are one row. */
function endOfPhases(events: readonly TraceEvent[], start: number): number {
  const first = events[start] as TraceEvent; // within the list
  let end = start + 1;
  for (; end < events.length; end++) {
    const event = events[end] as TraceEvent; // within the list
    const same = event.kind === 'phase' && event.node === first.node && event.actor === first.actor;
    if (!same || event.cause !== first.cause || event.t !== first.t) break;
  }
  return end;
}

/** A front end's RE and END are its client's call and answer, which have rows of their own. */
function phaseRow(phases: readonly PhaseEvent[], { all }: Shown): SequenceRow | null {
  const [first] = phases;
  if (first === undefined || (first.actor === 'fe' && !all)) return null;
  const names = [...new Set(phases.map(({ phase }) => phase))];
  const requests = [...new Set(phases.flatMap((event) => event.requests))];
  return {
    kind: 'note',
    t: first.t,
    node: first.node,
    what: first.actor === 'fe' ? 'aside' : 'did',
    text: `${names.join(' ')} ${requests.join(' ')}`,
  };
}

function noteOf(event: TraceEvent, { all, request }: Shown): SequenceRow | null {
  const { t, node } = event;
  switch (event.kind) {
    case 'called':
      return { kind: 'note', t, node, what: 'called', text: event.requests.map(request).join(', ') };
    case 'answered':
      return { kind: 'note', t, node, what: 'answered', text: `${event.request} = ${outcomeText(event.outcome)}` };
    case 'crashed': {
      const why = event.reason === 'fault' ? '' : `: ${event.reason}`;
      return { kind: 'note', t, node, what: 'crashed', text: `crashed${why}` };
    }
    case 'recovered':
      return { kind: 'note', t, node, what: 'recovered', text: `recovered as incarnation ${event.incarnation}` };
    case 'fault':
      return { kind: 'fault', t, text: event.fault };
    case 'delivered': {
      const { sender, seq, number } = event;
      const text = `delivers ${sender} #${seq}${number === undefined ? '' : ` as number ${number}`}`;
      return all ? { kind: 'note', t, node, what: 'aside', text } : null;
    }
    case 'dropped': {
      const text = `drops ${event.count} ${event.detail ?? ''}: ${event.reason}`;
      return all ? { kind: 'note', t, node, what: 'aside', text } : null;
    }
    default:
      return null;
  }
}

function messagesOf(
  events: readonly TraceEvent[],
  { all }: Shown,
  actedBetween: (node: string, from: number, to: number) => boolean,
): Placed[] {
  const arrivals = new Map<CauseId, readonly [number, Received]>();
  events.forEach((event, place) => {
    if (event.kind === 'received') arrivals.set(event.id, [place, event]);
  });
  const rows: Placed[] = [];
  events.forEach((event, place) => {
    if (event.kind !== 'sent' || (event.control && !all)) return;
    rows.push(...messageRows(event, place, arrivals.get(event.id), actedBetween));
  });
  return rows;
}

function messageRows(
  sent: Sent,
  place: number,
  arrival: readonly [number, Received] | undefined,
  actedBetween: (node: string, from: number, to: number) => boolean,
): Placed[] {
  const ends = { kind: 'message', from: sent.node, to: sent.to.slice(0, sent.to.indexOf('/')) } as const;
  const text = sent.items === 1 ? sent.type : `${sent.type}×${sent.items}`;
  if (arrival === undefined) return [[place, { ...ends, t: sent.t, part: 'lost', text: `${text} never arrives` }]];
  const [later, { t }] = arrival;
  if (!actedBetween(ends.to, place, later)) return [[later, { ...ends, t, part: 'whole', text }]];
  return [
    [place, { ...ends, t: sent.t, part: 'leaves', text: `${text} until ${t.toFixed(1)}` }],
    [later, { ...ends, t, part: 'arrives', text: `${text} of ${sent.t.toFixed(1)}` }],
  ];
}
