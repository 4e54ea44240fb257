/**
 * What changes on a drawn chart as the cursor moves: put on its elements one by one, and only where it differs from what is there, so
 * that a frame of scrubbing touches a few of them.
 */
import type { ChartDescription } from '../../charts/describe.js';

export interface Marks {
  readonly active: ReadonlySet<string>;
  /** By place in the chart's transitions; null where nobody tells. */
  readonly counts: Int32Array | null;
  readonly last: string | null;
  /** Number of the step that was last: another one of the same transition is shown anew. */
  readonly step: number;
  readonly picked: string | null;
}

interface Shown {
  readonly element: SVGElement;
  readonly count: SVGElement | null;
  taken: number;
}

export class Marker {
  readonly chart: ChartDescription;
  readonly #states = new Map<string, SVGElement>();
  readonly #transitions = new Map<string, Shown[]>();
  readonly #arrows: {
    readonly element: SVGElement;
    readonly places: readonly number[];
    readonly names: ReadonlySet<string>;
  }[] = [];
  #before: Marks = { active: new Set(), counts: null, last: null, step: -1, picked: null };
  #isFirst = true;
  #moved = 0;
  #animations: Animation[] = [];

  constructor(drawing: SVGGElement, chart: ChartDescription) {
    this.chart = chart;
    for (const element of drawing.querySelectorAll<SVGElement>('[data-state]'))
      this.#states.set(element.dataset.state ?? '', element);
    for (const element of drawing.querySelectorAll<SVGElement>('[data-transition]')) {
      const name = element.dataset.transition ?? '';
      const shown = { element, count: element.querySelector<SVGElement>('.count'), taken: -2 };
      this.#transitions.set(name, [...(this.#transitions.get(name) ?? []), shown]);
    }
    const places = new Map(chart.transitions.map(({ name }, place) => [name, place]));
    for (const element of drawing.querySelectorAll<SVGElement>('[data-arrow]')) {
      const names = new Set((element.dataset.arrow ?? '').split('\n'));
      this.#arrows.push({ element, names, places: [...names].flatMap((name) => places.get(name) ?? []) });
    }
  }

  show(marks: Marks): void {
    const before = this.#before;
    if (this.#isFirst || before.active !== marks.active)
      for (const [name, element] of this.#states) toggle(element, 'active', marks.active.has(name));
    if (this.#isFirst || before.counts !== marks.counts) this.#count(marks.counts);
    this.#swap(before.last, marks.last, 'last');
    this.#swap(before.picked, marks.picked, 'picked');
    if (marks.last !== null && marks.step !== before.step && !this.#isFirst) this.#flash(marks.last);
    this.#before = marks;
    this.#isFirst = false;
  }

  #count(counts: Int32Array | null): void {
    let isAnyChanged = false;
    this.chart.transitions.forEach(({ name }, place) => {
      const taken = counts === null ? -1 : (counts[place] ?? 0);
      for (const shown of this.#transitions.get(name) ?? []) {
        if (shown.taken === taken) continue;
        if ((shown.taken === 0) !== (taken === 0)) isAnyChanged = true;
        shown.taken = taken;
        toggle(shown.element, 'never', taken === 0);
        if (shown.count !== null) shown.count.textContent = taken > 0 ? `×${short(taken)}` : '';
      }
    });
    if (!isAnyChanged) return;
    for (const { element, places } of this.#arrows)
      toggle(element, 'never', counts !== null && places.every((place) => counts[place] === 0));
  }

  #swap(before: string | null, now: string | null, mark: string): void {
    if (before === now && !this.#isFirst) return;
    for (const [name, on] of [
      [before, false],
      [now, true],
    ] as const) {
      if (name === null) continue;
      for (const { element } of this.#transitions.get(name) ?? []) toggle(element, mark, on);
      for (const { element, names } of this.#arrows) if (names.has(name)) toggle(element, mark, on);
    }
  }

  /** Not while the cursor moves on and on: nobody would see it, and it costs a frame more than all the rest. */
  #flash(name: string): void {
    const now = performance.now();
    const isRushed = now - this.#moved < CALM;
    this.#moved = now;
    for (const animation of this.#animations) animation.cancel();
    this.#animations = [];
    if (isRushed || calm.matches) return;
    const elements = [
      ...(this.#transitions.get(name) ?? []).map(({ element }) => element),
      ...this.#arrows.filter(({ names }) => names.has(name)).map(({ element }) => element),
    ];
    this.#animations = elements.map((element) =>
      element.animate([{ opacity: 0.25 }, { opacity: 1 }], { duration: 450, easing: 'ease-out' }),
    );
  }
}

/** ms for which the cursor must have stood still. */
const CALM = 120;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const toggle = (element: SVGElement, mark: string, on: boolean): void => {
  element.classList.toggle(mark, on);
};

const short = (count: number): string => {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`;
};
