import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NONE } from '../../../runtime/inspect/timeline/chunk.js';
import { Encoder, type Step } from '../../../runtime/inspect/timeline/encode.js';
import { type Known, Taken } from '../../../runtime/inspect/timeline/taken.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const charts: Readonly<Record<string, string>> = { rm: 'replica manager', fe: 'front end' };
const nodes = ['rm-1', 'rm-2'] as const;
const transitions = ['a --x--> b', 'b --y--> a', '(any state) --*--> (same state)'] as const;

const step = fc.record({
  node: fc.constantFrom(...nodes),
  actor: fc.constantFrom('rm', 'fe'),
  transition: fc.constantFrom(...transitions),
});
/** What comes next: so many events and these steps, from how far before the end on. */
const part = fc.record({ events: fc.nat(5), steps: fc.array(step, { maxLength: 6 }), back: fc.nat(8) });

const started: readonly TraceEvent[] = nodes.flatMap((node) =>
  Object.entries(charts).map(
    ([actor, chart]): TraceEvent => ({ t: 0, node, actor, kind: 'started', chart, state: 'a' }),
  ),
);
const event = (t: number): TraceEvent => ({
  t,
  node: 'rm-1',
  actor: 'rm',
  kind: 'transition',
  event: 'x',
  from: 'a',
  to: 'b',
});

test('it counts and finds as one would by going through all steps, also when the run went another way', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
      const encoder = new Encoder();
      const timeline = new Timeline();
      const taken = new Taken(timeline);
      let steps: Step[] = [];
      timeline.append(encoder.encode(started, 0), null);
      for (const { events, steps: next, back } of parts) {
        const from = Math.max(started.length, timeline.length - back);
        const kept = steps.filter(({ place }) => place <= from);
        const place = from + events;
        steps = [...kept, ...next.map((each): Step => ({ ...each, place }))];
        const encoded = encoder.encodeSteps(steps.slice(kept.length), kept.length);
        const chunk = encoder.encode(
          Array.from({ length: events }, (_, i) => event(from + i)),
          from,
        );
        timeline.append(chunk, encoded);
        taken.update(timeline);
        check(taken, steps);
      }
    }),
    { numRuns: 40 },
  );
});

function check(taken: Taken, steps: readonly Step[]): void {
  expect(taken.isTold).toBe(steps.length > 0);
  expect(taken.actors().map(({ node, actor, chart }) => [node, actor, chart])).toEqual(
    nodes.flatMap((node) => Object.entries(charts).map(([actor, chart]) => [node, actor, chart])),
  );
  for (const all of [false, true]) {
    const by = taken.group('rm-2', 'rm', all);
    expect(by.map(({ node, actor }) => `${node}/${actor}`)).toEqual(all ? ['rm-1/rm', 'rm-2/rm'] : ['rm-2/rm']);
    for (const transition of [...transitions, null])
      for (let bound = 0; bound <= steps.length; bound++) {
        const theirs = steps.flatMap((each, i) => (isOf(each, by, transition) ? [i] : []));
        const [before, after] = [theirs.filter((i) => i < bound), theirs.filter((i) => i >= bound)];
        if (transition !== null) expect(taken.count(by, transition, bound)).toBe(before.length);
        expect(taken.last(by, transition, bound)).toBe(before.at(-1) ?? NONE);
        expect(taken.next(by, transition, bound)).toBe(after[0] ?? NONE);
      }
  }
}

const isOf = (step: Step, by: readonly Known[], transition: string | null): boolean =>
  (transition === null || step.transition === transition) &&
  by.some(({ node, actor }) => node === step.node && actor === step.actor);

test('another timeline is another index', () => {
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(started, 0), null);
  const taken = new Taken(timeline);
  taken.update(timeline);
  expect(taken.actors()).toHaveLength(4);
  taken.update(new Timeline());
  expect(taken.actors()).toHaveLength(0);
  expect(taken.group('rm-1', 'rm', true)).toEqual([]);
});
