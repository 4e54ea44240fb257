import { describe, expect, test } from '@jest/globals';
import { cardOf, figureOf, shortened, sidesOf } from '../../../runtime/inspect/page/views/cluster/cards.js';
import { Cast } from '../../../runtime/inspect/page/views/cluster/cast.js';
import { apart, flightsAt, tellingOf } from '../../../runtime/inspect/page/views/cluster/flights.js';
import { labelPlaces } from '../../../runtime/inspect/page/views/cluster/labels.js';
import { type Area, arrange, type Figure, type Slot } from '../../../runtime/inspect/page/views/cluster/places.js';
import { Ways } from '../../../runtime/inspect/page/views/cluster/ways.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

function timelineOf(events: readonly TraceEvent[]): Timeline {
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(events, 0), null);
  return timeline;
}

const parts = {
  fe: [
    { actor: 'fe', longest: 'waiting' },
    { actor: 'group:bank', longest: 'sending.awaiting' },
  ],
  rm: [
    { actor: 'detector', longest: 'watching' },
    { actor: 'rm', longest: 'primary.agreeing.awaiting' },
    { actor: 'fe', longest: 'idle' },
    { actor: 'group:bank', longest: 'following.unstable' },
  ],
  ms: [
    { actor: 'detector', longest: 'watching' },
    { actor: 'membership', longest: 'serving.leading.idle' },
  ],
  sequencer: [{ actor: 'group:bank', longest: 'sequencing' }],
};

const names = (kind: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`);

/** In no order at all. */
const cluster = (frontEnds: number, replicas: number, services: readonly string[]): Figure[] =>
  [...names('fe', frontEnds), ...names('rm', replicas), ...services]
    .reverse()
    .map((node) => figureOf(node, parts[node.split('-')[0] as keyof typeof parts]));

const sizes = {
  usual: { width: 528, height: 324 },
  flat: { width: 900, height: 240 },
  large: { width: 1020, height: 640 },
  tall: { width: 390, height: 660 },
};

const clusters = Object.keys(sizes).flatMap((size) =>
  [1, 2, 3, 4, 5, 7, 9].flatMap((replicas) =>
    [
      { services: [], frontEnds: 1 },
      { services: ['sequencer'], frontEnds: 2 },
      { services: names('ms', 3), frontEnds: 3 },
      { services: names('ms', 3), frontEnds: 8 },
    ].map(({ services, frontEnds }) => ({ size: size as keyof typeof sizes, replicas, frontEnds, services })),
  ),
);

const overlap = (a: Area, b: Area): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('where nodes stand', () => {
  test.each(clusters)(
    '$replicas replicas, $frontEnds front ends, $services, $size: none is on another, all are inside',
    (each) => {
      const size = sizes[each.size];
      const slots = arrange(cluster(each.frontEnds, each.replicas, each.services), size);
      expect(slots.length).toBe(each.frontEnds + each.replicas + each.services.length);
      const wrong = slots.flatMap((a, i) =>
        slots
          .slice(i + 1)
          .filter((b) => overlap(a, b))
          .map((b) => [a.node, b.node]),
      );
      expect(wrong).toEqual([]);
      const outside = slots.filter(
        (a) => a.x < 0 || a.y < 0 || a.x + a.width > size.width || a.y + a.height > size.height,
      );
      expect(outside).toEqual([]);
    },
  );

  const ranges = (slots: readonly Slot[], axis: 'x' | 'y') =>
    (['fe', 'rm', 'ms'] as const).map((kind) => {
      const own = slots.filter(({ node }) => node.startsWith(kind)).map(({ center }) => center[axis]);
      return [Math.min(...own), Math.max(...own)] as const;
    });

  test('requests run from left to right, and downwards in a tall pane', () => {
    for (const [size, axis] of [
      ['usual', 'x'],
      ['large', 'x'],
      ['tall', 'y'],
    ] as const) {
      const [fe, rm, ms] = ranges(arrange(cluster(3, 3, names('ms', 3)), sizes[size]), axis);
      expect(fe?.[1]).toBeLessThan(rm?.[0] as number);
      expect(rm?.[1]).toBeLessThan(ms?.[0] as number);
    }
  });

  test('a number is a number', () => {
    const slots = arrange(cluster(0, 9, []).concat(figureOf('rm-10', parts.rm)), sizes.large);
    const down = slots.filter(({ node }) => node.startsWith('rm-')).sort((a, b) => a.center.y - b.center.y);
    expect(down.map(({ node }) => node)).toEqual(names('rm', 10));
  });

  test('what a replica manager is at can be read in the usual pane', () => {
    const slots = arrange(cluster(2, 3, names('ms', 3)), sizes.usual);
    expect(slots.find(({ node }) => node === 'rm-1')).toMatchObject({ rows: expect.any(Number) });
    for (const slot of slots.filter(({ node }) => node.startsWith('rm-'))) {
      expect(slot.rows).toBeGreaterThan(0);
      expect(slot.width).toBeGreaterThanOrEqual(112);
    }
  });
});

describe('ways between nodes', () => {
  test.each([
    ['usual', names('ms', 3)],
    ['large', names('ms', 3)],
    ['tall', []],
  ] as const)('%s: none runs behind a third one', (name, services) => {
    const size = sizes[name];
    const slots = arrange(cluster(2, 3, services), size);
    const ways = new Ways(slots, size);
    const hidden: string[] = [];
    for (const [i, a] of slots.entries()) {
      for (const b of slots.slice(i + 1)) {
        for (let share = 0; share <= 1; share += 0.02) {
          const at = ways.at(a.node, b.node, share);
          const third = slots.find(
            (slot) => slot !== a && slot !== b && at !== null && overlap({ ...at, width: 1, height: 1 }, slot),
          );
          if (third !== undefined) hidden.push(`${a.node} ${b.node} behind ${third.node}`);
        }
      }
    }
    expect([...new Set(hidden)]).toEqual([]);
  });

  test('a message is beside both its nodes from the beginning to the end, and meets none that goes the other way', () => {
    const slots = arrange(cluster(1, 3, []), sizes.usual);
    const ways = new Ways(slots, sizes.usual);
    const [a, b] = [
      slots.find(({ node }) => node === 'fe-1') as Slot,
      slots.find(({ node }) => node === 'rm-2') as Slot,
    ];
    for (const share of [0, 0.5, 1]) {
      const [there, back] = [ways.at('fe-1', 'rm-2', share), ways.at('rm-2', 'fe-1', 1 - share)];
      if (there === null || back === null) throw new Error('there is no way');
      expect([a, b].filter((slot) => overlap({ ...there, width: 1, height: 1 }, slot))).toEqual([]);
      expect(Math.hypot(there.x - back.x, there.y - back.y)).toBeGreaterThan(6);
    }
  });

  test('messages on the same way are seen one by one', () => {
    expect(apart([0.9, 0.9, 0.5], 0.1)).toEqual([0.9, 0.8, 0.5]);
    expect(apart([0.05, 0.05], 0.1)).toEqual([0.05, 0]);
  });
});

describe('words beside messages', () => {
  const size = { width: 400, height: 300 };
  const node = { x: 100, y: 100, width: 100, height: 50 };

  test('are on no node and on no other words', () => {
    const wanted = ['requests', 'replies', 'data'].map((text) => ({ text, at: { x: 93, y: 120 }, isNeeded: false }));
    const places = labelPlaces(wanted, [node], [], size);
    const areas = places.flatMap((place, i) =>
      place === null ? [] : [{ x: place.x, y: place.y - 10, width: (wanted[i]?.text.length ?? 0) * 6, height: 12 }],
    );
    expect(areas.length).toBe(3);
    expect(areas.filter((area) => overlap(area, node))).toEqual([]);
    expect(areas.flatMap((a, i) => areas.slice(i + 1).filter((b) => overlap(a, b)))).toEqual([]);
  });

  test('are left out where there is no room, unless the message is chosen', () => {
    const all = { x: 0, y: 0, width: 400, height: 300 };
    const at = { x: 200, y: 150 };
    expect(labelPlaces([{ text: 'data', at, isNeeded: false }], [all], [at], size)).toEqual([null]);
    expect(labelPlaces([{ text: 'data', at, isNeeded: true }], [all], [at], size)).not.toEqual([null]);
  });

  test('what a node that has crashed sent, and nobody got, is on its way no more; what arrives later is', () => {
    const sent = (id: string): TraceEvent => ({
      ...{ t: 1, node: 'rm-1', actor: 'rm', kind: 'sent', id, to: 'rm-2/rm', type: 'data', items: 1 },
    });
    const timeline = timelineOf([
      sent('rm-1:1:1'),
      sent('rm-1:1:2'),
      { t: 2, node: 'rm-1', kind: 'crashed', reason: 'fault' },
      { t: 4, node: 'rm-2', actor: 'rm', kind: 'received', id: 'rm-1:1:2', from: 'rm-1/rm', type: 'data', items: 1 },
    ]);
    const shown = (place: number): number[] => flightsAt(timeline, place, 2).map(({ index }) => index);
    expect([shown(2), shown(3), shown(4)]).toEqual([[0, 1], [1], []]);
  });

  test('a message that is lost comes half way, and is there again when it is known to have been sent again', () => {
    const about = { node: 'rm-1', actor: 'rm', id: 'rm-1:1:1', type: 'data' };
    const timeline = timelineOf([
      { ...about, t: 0, kind: 'sent', to: 'rm-2/rm', items: 1 },
      { ...about, t: 10, kind: 'lost', to: 'rm-2/rm', why: 'loss' },
      { ...about, t: 20, kind: 'lost', to: 'rm-2/rm', why: 'loss' },
      { ...about, t: 30, node: 'rm-2', kind: 'received', from: 'rm-1/rm', items: 1 },
    ]);
    const shares = (place: number, time: number): number[] =>
      flightsAt(timeline, place, time).map(({ share }) => share);
    expect([shares(1, 5), shares(2, 15), shares(3, 25), shares(4, 30)]).toEqual([[0.25], [0.25], [0.5], []]);
    const sofar = timelineOf([
      { ...about, t: 0, kind: 'sent', to: 'rm-2/rm', items: 1 },
      { ...about, t: 10, kind: 'lost', to: 'rm-2/rm', why: 'loss' },
    ]);
    expect([flightsAt(sofar, 1, 5).length, flightsAt(sofar, 2, 15).length]).toEqual([1, 0]);
  });

  test('one message of each way is told, the chosen one first, and the others are counted', () => {
    const sent = (id: string, to: string, more: object = {}): TraceEvent => ({
      t: 0,
      node: 'rm-1',
      actor: 'rm',
      kind: 'sent',
      id,
      to,
      type: 'data',
      items: 1,
      ...more,
    });
    const timeline = timelineOf([
      sent('rm-1:1:1', 'rm-2/rm'),
      sent('rm-1:1:2', 'rm-2/rm'),
      sent('rm-1:1:3', 'rm-2/rm', { control: true }),
      sent('rm-1:1:4', 'rm-3/rm', { control: true }),
    ]);
    const flights = [0, 1, 2, 3].map((index) => ({ index, share: 0.9 - index / 10 }));
    expect(tellingOf(timeline, flights, -1)).toEqual([{ index: 0, more: 1 }]);
    expect(tellingOf(timeline, flights, 1)).toEqual([{ index: 1, more: 1 }]);
    expect(tellingOf(timeline, flights, 3).map(({ index }) => index)).toEqual([3, 0]);
  });
});

describe('what is written on a node', () => {
  test('a long state keeps its first part and its last', () => {
    expect(shortened('primary.agreeing.awaiting', 30)).toBe('primary.agreeing.awaiting');
    expect(shortened('primary.agreeing.awaiting', 18)).toBe('primary…awaiting');
    expect(shortened('primary.agreeing.awaiting', 10)).toBe('…awaiting');
    expect(shortened('primary.agreeing.awaiting', 5)).toBe('awai…');
    expect(shortened('following', 5)).toBe('foll…');
  });

  const run: TraceEvent[] = [
    { t: 0, node: 'rm-1', actor: 'rm', kind: 'started', chart: 'rm', state: 'idle' },
    {
      t: 1,
      node: 'rm-1',
      actor: 'rm',
      kind: 'sent',
      id: 'rm-1:1:1',
      to: 'rm-2/rm',
      type: 'digest',
      items: 1,
      control: true,
    },
    { t: 2, node: 'rm-1', actor: 'rm', kind: 'transition', event: 'requests', from: 'idle', to: 'executing' },
    { t: 3, node: 'rm-1', kind: 'crashed', reason: 'fault' },
  ];

  test('it stands where it stood when it crashes, with why it is down', () => {
    const timeline = timelineOf(run);
    const cast = new Cast(timeline);
    cast.update(timeline);
    const figures = ['rm-1', 'rm-2'].map((node) => figureOf(node, cast.partsOf(node)));
    const [slot] = arrange(figures, sizes.usual) as [Slot, Slot];
    const before = cardOf(slot, timeline.cutAt(3));
    expect(before).toMatchObject({ up: true, badge: '', content: [{ actor: 'rm', state: 'executing', fresh: true }] });
    const after = cardOf(slot, timeline.cutAt(4));
    expect(after).toMatchObject({
      up: false,
      badge: 'crashed',
      content: [],
      x: before.x,
      y: before.y,
      height: before.height,
    });
  });

  test('who has written to whom is known for each place, and forgotten where a run goes another way', () => {
    const timeline = timelineOf(run);
    const cast = new Cast(timeline);
    cast.update(timeline);
    expect(cast.partsOf('rm-1')).toEqual([{ actor: 'rm', longest: 'executing' }]);
    expect(cast.pairsAt(1)).toEqual([]);
    expect(cast.pairsAt(2)).toMatchObject([{ a: 'rm-1', b: 'rm-2', first: 1 }]);
    timeline.append(new Encoder().encode([{ t: 0, node: 'rm-3', kind: 'crashed', reason: 'fault' }], 0), null);
    cast.update(timeline);
    expect(cast.pairsAt(9)).toEqual([]);
  });

  test('a line parts the nodes on either side of it', () => {
    const slots = arrange(cluster(2, 3, []), sizes.usual);
    const x =
      (slots.filter(({ node }) => node.startsWith('rm')).reduce((least, { x }) => Math.min(least, x), 999) + 140) / 2;
    const sides = sidesOf(slots, [
      { x, y: 0 },
      { x, y: 300 },
    ]);
    expect(sides.map((side) => side.sort())).toEqual(expect.arrayContaining([names('fe', 2), names('rm', 3)]));
  });
});
