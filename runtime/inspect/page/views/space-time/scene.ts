/**
 * What a diagram shows, as lines and marks at their places in pixels: made anew for each picture, painted on a canvas or written as
 * SVG. Where more happens than can be told apart, messages become shading; losses, crashes, views and faults never do.
 */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import { isFor } from './about.js';
import { type Arrow, arrowOf, type Look, stubOf } from './arrows.js';
import { type Shading, shadingOfEvents } from './density.js';
import { type Label, labelsOf, type Stamped } from './labels.js';
import { BLOCK } from './landmarks.js';
import {
  type Cross,
  type FaultMark,
  faultMarks,
  type Gap,
  gapMarks,
  type Life,
  lifelines,
  lossMarks,
  type Severed,
  severed,
  type ViewMark,
  viewMarks,
} from './marks.js';
import { type Block, blockOf, type Chip, chipsOf } from './phases.js';
import { type Tick, ticks, type Window, xOf } from './scale.js';
import { type Lane, laneIn, rowsAt, type SceneOptions, type Stage } from './stage.js';

/** Events of a window up to which each is drawn. */
const SINGLE = 3000;
/** Events up to which shading is counted one by one. */
const COUNTED = 60_000;
/** px of a column of shading. */
export const COLUMN = 3;

/** A moment at a node: a delivery, a call, an answer, something dropped. */
export interface Dot {
  readonly index: number;
  readonly kind: 'delivered' | 'called' | 'answered' | 'dropped';
  readonly x: number;
  readonly y: number;
  readonly dim: boolean;
}

/** From when a message was received to when it was delivered. */
interface Held {
  /** Index of the delivery. */
  readonly index: number;
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly dim: boolean;
}

export interface Scene {
  readonly window: Window;
  readonly width: number;
  readonly height: number;
  /** px from the top, by row. */
  readonly rows: readonly number[];
  readonly shading: Shading | null;
  readonly ticks: readonly Tick[];
  /** px from the top of the line of ticks. */
  readonly axis: number;
  readonly lives: readonly Life[];
  readonly arrows: readonly Arrow[];
  readonly held: readonly Held[];
  readonly blocks: readonly Block[];
  readonly chips: readonly Chip[];
  readonly dots: readonly Dot[];
  readonly crosses: readonly Cross[];
  readonly views: readonly ViewMark[];
  readonly faults: readonly FaultMark[];
  readonly severed: readonly Severed[];
  readonly gaps: readonly Gap[];
  readonly labels: readonly Label[];
}

export function sceneOf(stage: Stage, window: Window, options: SceneOptions): Scene {
  const { timeline, landmarks, rowOf } = stage;
  const { width, height } = options;
  const { axis, rows, apart } = rowsAt(rowOf.size, height, landmarks.faultLanes);
  const drawing = new Drawing(stage, window, options, rows, laneIn(apart, landmarks.phaseLanes));
  const [from, to] = [timeline.placeAt(window.from), timeline.placeAt(window.to)];
  const single = to - from <= SINGLE;
  if (single) drawing.each(from, to);
  else drawing.focus();
  const x = (index: number): number => xOf(window, width, timeline.t.at(index));
  const within = { timeline, landmarks, rowOf, rows, width, x, from, to, window };
  const { arrows, blocks, stamped } = drawing;
  const chips = chipsOf(drawing.instants, blocks, rows.length);
  const { labels, views } = labelsOf(stage, {
    width,
    arrows,
    stamped,
    views: viewMarks(within),
    blocks: [...blocks, ...chips],
  });
  return {
    window,
    width,
    height,
    rows,
    axis,
    shading: single ? null : shadingFor(stage, window, options, to - from),
    ticks: ticks(window, width),
    lives: lifelines(within),
    arrows,
    held: drawing.held,
    blocks,
    chips,
    dots: drawing.dots,
    crosses: [...drawing.stubs, ...lossMarks(within, single)],
    views,
    faults: faultMarks(within, axis),
    severed: severed(within),
    gaps: gapMarks(within),
    labels,
  };
}

function shadingFor(
  { timeline, rowOf, density }: Stage,
  window: Window,
  options: SceneOptions,
  events: number,
): Shading {
  const columns = Math.ceil(options.width / COLUMN);
  const control = options.control === 'faint';
  const step = (window.to - window.from) / columns;
  return events <= COUNTED && !density.isFinerThan(step)
    ? shadingOfEvents(timeline, rowOf, window, columns, control)
    : density.shading(window, columns, control);
}

/** Goes through the events of a window and keeps what is to be drawn of each. */
class Drawing {
  readonly arrows: Arrow[] = [];
  readonly held: Held[] = [];
  readonly blocks: Block[] = [];
  readonly instants: Chip[] = [];
  readonly dots: Dot[] = [];
  readonly stubs: Cross[] = [];
  readonly stamped: Stamped[] = [];
  readonly #stage: Stage;
  readonly #window: Window;
  readonly #options: SceneOptions;
  readonly #rows: readonly number[];
  readonly #lane: Lane;

  constructor(stage: Stage, window: Window, options: SceneOptions, rows: readonly number[], lane: Lane) {
    this.#stage = stage;
    this.#window = window;
    this.#options = options;
    this.#rows = rows;
    this.#lane = lane;
  }

  /** All from one place to another, and what began before and lasts until then. */
  each(from: number, to: number): void {
    const { timeline, landmarks } = this.#stage;
    for (let block = 0; block * BLOCK < from; block++) {
      if ((landmarks.reach[block] ?? 0) < this.#window.from) continue;
      const last = Math.min(from, (block + 1) * BLOCK);
      for (let index = block * BLOCK; index < last; index++) if (this.#lasts(index)) this.#take(index);
    }
    for (const index of landmarks.open) if (index < from) this.#take(index);
    // What is on its way, or has come to nothing, began not long ago.
    const recent = timeline.placeAt(this.#window.from - landmarks.flight);
    for (let index = recent; index < from; index++)
      if (timeline.kind.at(index) === kindNumber.sent && timeline.arrival.at(index) === NONE) this.#take(index);
    for (let index = from; index < to; index++) this.#take(index);
  }

  /** What is highlighted, where all else is shading. */
  focus(): void {
    const { timeline, landmarks } = this.#stage;
    const { focus } = this.#options;
    if (focus?.kind === 'messages') for (const index of focus.indexes) this.#take(index);
    if (focus?.kind !== 'request') return;
    const events = timeline.eventsOf(focus.request);
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    const to = Math.min(last + 1, first + COUNTED);
    for (let index = first; index < to; index++)
      if (isFor(timeline, landmarks, index, focus.request)) this.#take(index);
  }

  #lasts(index: number): boolean {
    const { timeline, landmarks } = this.#stage;
    const end = timeline.kind.at(index) === kindNumber.sent ? timeline.arrival.at(index) : landmarks.until.at(index);
    return end !== NONE && timeline.t.at(end) >= this.#window.from;
  }

  #take(index: number): void {
    const { timeline, landmarks, rowOf } = this.#stage;
    const row = rowOf.get(timeline.node.at(index));
    if (row === undefined) return;
    const y = this.#rows[row] as number; // every row has its place
    switch (timeline.kind.at(index)) {
      case kindNumber.sent:
        this.#message(index, y);
        this.#stamp(index, y);
        break;
      case kindNumber.received: {
        this.#stamp(index, y);
        const delivered = landmarks.until.at(index);
        if (delivered === NONE) break;
        this.held.push({ index: delivered, x1: this.#x(index), x2: this.#x(delivered), y, dim: this.#dim(index) });
        break;
      }
      case kindNumber.delivered:
        this.#dot(index, 'delivered', y);
        this.#stamp(index, y);
        break;
      case kindNumber.called:
        this.#dot(index, 'called', y);
        break;
      case kindNumber.answered:
        this.#dot(index, 'answered', y);
        break;
      case kindNumber.dropped:
        this.#dot(index, 'dropped', y);
        break;
      case kindNumber.phase:
        this.#phase(index, row, y);
        break;
      case kindNumber.lost:
        if (timeline.control.at(index) === 1 && this.#options.control === 'hidden') break;
        this.stubs.push(stubOf(this.#stage, index, y, this.#xAt, this.#rows));
        break;
    }
  }

  #message(index: number, y: number): void {
    const { timeline } = this.#stage;
    if (timeline.control.at(index) === 1 && this.#options.control === 'hidden') return;
    const to = this.#stage.rowOf.get(timeline.peer.at(index));
    if (to === undefined) return;
    const ends = { y1: y, y2: this.#rows[to] as number }; // every row has its place
    this.arrows.push(arrowOf(this.#stage, index, ends, this.#xAt, this.#look(index)));
  }

  #phase(index: number, row: number, y: number): void {
    const { timeline, landmarks } = this.#stage;
    const until = landmarks.until.at(index);
    const lasting = landmarks.open.has(index) || (until !== NONE && timeline.t.at(until) > timeline.t.at(index));
    const block = blockOf(this.#stage, index, y, this.#lane, this.#xAt, this.#look(index));
    if (lasting) this.blocks.push(block);
    else this.instants.push({ ...block, row });
  }

  #dot(index: number, kind: Dot['kind'], y: number): void {
    this.dots.push({ index, kind, x: this.#x(index), y, dim: this.#dim(index) });
  }

  /** What may show its vector clock. */
  #stamp(index: number, y: number): void {
    const { timeline, clocks } = this.#stage;
    const sent = timeline.sent.at(index);
    const control = timeline.control.at(sent === NONE ? index : sent) === 1;
    if (clocks === null || control || this.#dim(index)) return;
    this.stamped.push({ index, x: this.#x(index), y });
  }

  #look(index: number): Look {
    const { timeline } = this.#stage;
    const { colouring, focus } = this.#options;
    const dim = this.#dim(index);
    const request = focus?.kind === 'request' && !dim ? focus.request : timeline.request.at(index);
    return { colouring, request, dim };
  }

  readonly #xAt = (t: number): number => xOf(this.#window, this.#options.width, t);

  #x(index: number): number {
    return this.#xAt(this.#stage.timeline.t.at(index));
  }

  #dim(index: number): boolean {
    const { timeline, landmarks } = this.#stage;
    const { focus } = this.#options;
    if (focus === null) return false;
    switch (focus.kind) {
      case 'request':
        return !isFor(timeline, landmarks, index, focus.request);
      case 'node':
        return timeline.node.at(index) !== focus.node && timeline.peer.at(index) !== focus.node;
      case 'messages':
        return !focus.indexes.has(index) && !focus.indexes.has(timeline.sent.at(index));
    }
  }
}
