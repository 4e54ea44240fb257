import { describe, expect, test } from '@jest/globals';
import {
  type Accrual,
  ENOUGH_GAPS,
  isTooUnlikely,
  log10Tail,
  noArrivals,
  phi,
  withGap,
} from '../../machines/membership/accrual.js';
import {
  type DetectorInput,
  detectorShapes,
  failureDetector,
  initialDetector,
  suspects,
  takeGone,
  takeHeartbeat,
  takeMistake,
  takeTick,
  watch,
} from '../../machines/membership/failure-detector.js';
import type { FixedTimeout } from '../../machines/membership/fixed-timeout.js';
import type { Suspicion } from '../../machines/membership/messages.js';
import { type Address, address, type NodeId, nodeId, senderId } from '../../machines/shared/identifiers.js';
import { mapEntries } from '../../machines/shared/persistent-map.js';
import { random } from '../../runtime/simulate/random.js';
import { Hosts } from './hosts.js';
import { Coverage, discards, expectPure, Player, seeds, sends, sent } from './stage.js';

const FILE = 'test/machines/failure-detector.test.ts';
const coverage = new Coverage();
const timeout: FixedTimeout = { kind: 'timeout', timeout: 50 };
const accrual: Accrual = { kind: 'accrual', threshold: 8, window: 20 };
const inputOf = (more: Partial<DetectorInput> = {}): DetectorInput => ({
  node: nodeId('a'),
  incarnation: 1,
  interval: 20,
  tick: 5,
  estimator: timeout,
  ...more,
});
const play = (more: Partial<DetectorInput> = {}) => new Player(failureDetector, inputOf(more), coverage);

const GROUP: Address = 'a/group:g';
const OTHER: Address = 'a/membership';
const watches = (player: Player, nodes: string[], from = GROUP, more = {}) =>
  player.tell('watch', [{ nodes, ...more }], from);
const beats = (player: Player, node: string, ...incarnations: number[]) =>
  player.tell(
    'heartbeat',
    (incarnations.length === 0 ? [1] : incarnations).map((incarnation) => ({ incarnation })),
    `${node}/detector`,
  );
/** Who hears what opinion: `a/group:g b:1 suspected`. */
const opinions = (effects: Parameters<typeof sends>[0]): string[] =>
  sends(effects)
    .filter(({ message }) => message.type === 'suspicion')
    .flatMap(({ to, message }) =>
      (message.items as Suspicion[]).map(
        ({ node, incarnation, suspected }) => `${to} ${node}:${incarnation} ${suspected ? 'suspected' : 'alive'}`,
      ),
    );

describe('whom a detector watches', () => {
  test('GM-3: all lists together are sent heartbeats, at once and once an interval, as control messages', () => {
    const player = play({ incarnation: 3 });
    expect(player.state).toBe('idle');
    expect(sent(watches(player, ['a', 'b', 'b']))).toEqual(['b/detector heartbeat 1']);
    expect(player.state).toBe('watching');
    expect(sent(watches(player, ['b', 'c'], OTHER))).toEqual(['c/detector heartbeat 1']);
    const effects = sends(player.wait(20));
    expect(effects.map(({ to }) => to).sort()).toEqual(['b/detector', 'c/detector']);
    for (const effect of effects) {
      expect(effect).toMatchObject({ channel: 'lossy', message: { items: [{ incarnation: 3, asks: true }] } });
    }
  });

  test('GM-3: each actor hears of its own list only, and nobody watched means nothing is sent', () => {
    const player = play();
    watches(player, ['b']);
    watches(player, ['c', 'b'], OTHER);
    expect(opinions(player.wait(60)).sort()).toEqual([
      'a/group:g b:1 suspected',
      'a/membership b:1 suspected',
      'a/membership c:1 suspected',
    ]);
    watches(player, []);
    expect(opinions(beats(player, 'b'))).toEqual(['a/membership b:1 alive']);
    watches(player, [], OTHER);
    expect(player.state).toBe('idle');
    expect(player.context.watched.size + player.context.lists.size).toBe(0);
    expect(player.wait(100)).toEqual([]);
  });

  test('GM-3: who asks, or asks again, is told whom of its list are suspected already', () => {
    const player = play();
    watches(player, ['b', 'c']);
    beats(player, 'c');
    player.wait(55);
    expect(opinions(watches(player, ['b', 'c'], OTHER))).toContain('a/membership b:1 suspected');
    expect(opinions(watches(player, ['b']))).toEqual(['a/group:g b:1 suspected']);
  });

  test('a list that comes with several counts as the last', () => {
    const player = play();
    player.tell('watch', [{ nodes: ['b'] }, { nodes: ['c'] }], GROUP);
    expect(sent(player.wait(20))).toEqual(['c/detector heartbeat 1']);
  });

  test('what does not fit is discarded and counted', () => {
    const player = play();
    expect(discards(beats(player, 'b', 1, 1))).toEqual(['heartbeat unwatched 2']);
    expect(player.tell('gone', [{ node: 'b', incarnation: 1 }])).toEqual([]);
    expect(discards(player.tell('mistake', [{ node: 'b' }]))).toEqual(['mistake unfit 1']);
    expect(discards(player.tell('nonsense', [1, 2, 3]))).toEqual(['nonsense unfit 3']);
    watches(player, ['b']);
    expect(discards(beats(player, 'c'))).toEqual(['heartbeat unwatched 1']);
    expect(discards(player.tell('nonsense', [1]))).toEqual(['nonsense unfit 1']);
    expect(detectorShapes.heartbeat({ incarnation: 1 })).toBe(true);
    expect(detectorShapes.heartbeat({ incarnation: '1' })).toBe(false);
  });
});

describe('what a detector thinks', () => {
  test('GM-3: silence of the timeout is a suspicion, nothing less, and the next heartbeat takes it back', () => {
    const player = play();
    watches(player, ['b']);
    player.wait(12);
    beats(player, 'b');
    // Silence counts from the end of the tick, at 15.
    expect(opinions(player.wait(52))).toEqual([]);
    expect(opinions(player.wait(1))).toEqual(['a/group:g b:1 suspected']);
    expect(opinions(player.wait(200))).toEqual([]);
    expect(opinions(beats(player, 'b'))).toEqual(['a/group:g b:1 alive']);
    expect(player.context.mistakes).toBe(1);
    expect(opinions(beats(player, 'b'))).toEqual([]);
    expect(player.context.mistakes).toBe(1);
  });

  test('GM-3: a newer incarnation means that the older is gone, for good', () => {
    const player = play();
    watches(player, ['b']);
    beats(player, 'b');
    expect(opinions(beats(player, 'b', 2))).toEqual(['a/group:g b:1 suspected', 'a/group:g b:2 alive']);
    expect(discards(beats(player, 'b', 1))).toEqual(['heartbeat outdated 1']);
    player.wait(60);
    expect(opinions(beats(player, 'b', 1, 4, 3))).toEqual(['a/group:g b:4 alive']);
    expect(player.context.mistakes).toBe(0);
  });

  test('GM-3: what is gone is suspected whatever comes of it, until a newer incarnation is heard', () => {
    const player = play();
    watches(player, ['b', 'c']);
    expect(
      opinions(
        player.tell('gone', [
          { node: 'b', incarnation: 2 },
          { node: 'x', incarnation: 1 },
        ]),
      ),
    ).toEqual(['a/group:g b:2 suspected']);
    expect(
      player.tell('gone', [
        { node: 'b', incarnation: 1 },
        { node: 'b', incarnation: 2 },
      ]),
    ).toEqual([]);
    expect(discards(beats(player, 'b', 2))).toEqual(['heartbeat ended 1']);
    expect(discards(player.tell('mistake', [{ node: 'b' }, { node: 'x' }]))).toEqual([
      'mistake unwatched 1',
      'mistake ended 1',
    ]);
    expect(opinions(player.wait(30))).toEqual([]);
    expect(opinions(beats(player, 'b', 3))).toEqual(['a/group:g b:3 alive']);
    player.wait(60);
    expect(opinions(player.tell('gone', [{ node: 'b', incarnation: 3 }]))).toEqual([]);
    expect(discards(beats(player, 'b', 3))).toEqual(['heartbeat ended 1']);
  });

  test('GM-3: an incarnation that a view names is as good as heard: it is not suspected for the one before it', () => {
    const player = play();
    watches(player, ['b', 'c'], GROUP, { incarnations: { c: 3 } });
    player.wait(55);
    const effects = watches(player, ['b', 'c'], GROUP, { incarnations: { b: 2, c: 2 } });
    expect(opinions(effects)).toEqual(['a/group:g b:1 suspected', 'a/group:g c:3 suspected', 'a/group:g b:2 alive']);
    expect(discards(beats(player, 'b', 1))).toEqual(['heartbeat outdated 1']);
    expect(opinions(player.wait(50))).toEqual([]);
    expect(opinions(player.wait(5))).toEqual(['a/group:g b:2 suspected']);
  });

  test('GM-3: a mistake that a test puts in lasts until the next heartbeat but one', () => {
    const player = play();
    watches(player, ['b']);
    beats(player, 'b');
    expect(opinions(player.tell('mistake', [{ node: 'b' }]))).toEqual(['a/group:g b:1 suspected']);
    expect(opinions(beats(player, 'b'))).toEqual([]);
    expect(player.tell('mistake', [{ node: 'b' }])).toEqual([]);
    expect(opinions(beats(player, 'b'))).toEqual([]);
    expect(opinions(beats(player, 'b'))).toEqual(['a/group:g b:1 alive']);
    expect(player.context.mistakes).toBe(1);
  });

  test('GM-3: whom an opinion makes a suspect: older incarnations always', () => {
    const b = (incarnation: number) => senderId(nodeId('b'), incarnation);
    const last = (incarnation: number, suspected: boolean): Suspicion => ({
      node: nodeId('b'),
      incarnation,
      suspected,
    });
    expect(suspects(undefined, b(1))).toBe(false);
    expect([1, 2, 3].map((k) => suspects(last(2, false), b(k)))).toEqual([true, false, false]);
    expect([1, 2, 3].map((k) => suspects(last(2, true), b(k)))).toEqual([true, true, true]);
  });

  test('rules leave what they are given alone', () => {
    const input = inputOf({ estimator: accrual });
    const context = { ...initialDetector(input), ...watch({ context: initialDetector(input), event: watching('b') }) };
    expectPure((c, event) => watch({ context: c, event }), context, watching('c'));
    expectPure((c, event) => takeHeartbeat({ context: c, event }), context, beat('b'));
    expectPure((c) => takeTick({ context: c }), context, null);
    const gone = { type: 'gone' as const, from: GROUP, items: [{ node: nodeId('b'), incarnation: 1 }] };
    expectPure((c, event) => takeGone({ context: c, event }), context, gone);
    const mistake = { type: 'mistake' as const, from: GROUP, items: [{ node: nodeId('b') }] };
    expectPure((c, event) => takeMistake({ context: c, event }), context, mistake);
  });
});

const watching = (...nodes: string[]) => ({
  type: 'watch' as const,
  from: GROUP,
  items: [{ nodes: nodes.map((node) => nodeId(node)) }],
});
const beat = (node: string) => ({
  type: 'heartbeat' as const,
  from: `${node}/detector` as Address,
  items: [{ incarnation: 1 }],
});

describe('the accrual estimator', () => {
  const learned = (gaps: number[], settings = accrual) =>
    gaps.reduce((arrivals, gap) => withGap(settings, 20, arrivals, gap), noArrivals(20));

  test('GM-3: the tail of the normal distribution is never too small and at most 6 % too large, and has no underflow', () => {
    // From tables: the probability that a standard normal variable exceeds y.
    const table: [number, number][] = [
      [0, 0.5],
      [0.5, 0.308538],
      [1, 0.158655],
      [2, 0.0227501],
      [3, 0.0013499],
      [5, 2.86652e-7],
      [8, 6.22096e-16],
    ];
    for (const [y, tail] of table) {
      const ratio = 10 ** log10Tail(y) / tail;
      expect(ratio).toBeGreaterThan(0.99999);
      expect(ratio).toBeLessThan(1.06);
      expect(10 ** log10Tail(-y)).toBeCloseTo(1 - tail, 1);
    }
    expect(log10Tail(100)).toBeGreaterThan(-2175);
    expect(log10Tail(100)).toBeLessThan(-2171);
  });

  test('GM-3: suspicion grows with silence, and is sane before there are enough gaps', () => {
    for (const arrivals of [noArrivals(20), learned([0, 0, 0]), learned(Array(30).fill(20))]) {
      let before = -1;
      for (let silence = 0; silence < 400; silence += 5) {
        const now = phi(arrivals, silence);
        expect(now).toBeGreaterThan(before);
        before = now;
      }
    }
    expect(isTooUnlikely(accrual, learned([0, 0, 0]), 60)).toBe(false);
    expect(isTooUnlikely(accrual, learned([0, 0, 0]), 100)).toBe(true);
  });

  test('GM-3: it waits longer where heartbeats come irregularly, and forgets that after a window', () => {
    const regular = learned(Array(20).fill(20));
    const irregular = learned(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 5 : 60)));
    expect(isTooUnlikely(accrual, regular, 60)).toBe(true);
    expect(isTooUnlikely(accrual, irregular, 100)).toBe(false);
    expect(irregular.gaps).toHaveLength(20);
    expect(
      Array(20)
        .fill(20)
        .reduce((arrivals, gap) => withGap(accrual, 20, arrivals, gap), irregular),
    ).toEqual(regular);
    const afterPartition = learned([...Array(ENOUGH_GAPS).fill(20), 1e6]);
    expect(isTooUnlikely(accrual, afterPartition, 20 * 20)).toBe(true);
  });

  test('GM-3: the detector learns from gaps between heartbeats, and from nothing else', () => {
    const player = play({ estimator: accrual });
    watches(player, ['b']);
    player.wait(10);
    beats(player, 'b');
    player.wait(25);
    beats(player, 'b', 1, 1);
    const [[, { arrivals }]] = [...entries(player)] as [[string, { arrivals: { gaps: number[] } }]];
    expect(arrivals.gaps).toEqual([25]);
    expect(opinions(player.wait(300))).toEqual(['a/group:g b:1 suspected']);
  });
});

const entries = (player: Player) => mapEntries(player.context.watched);

/**
 * Three nodes that watch each other. Until `calm` the network loses and delays heartbeats as it likes; then it keeps a bound.
 * One node crashes at some time, and may come back as a new incarnation.
 */
class Watching {
  readonly nodes = ['a', 'b', 'c'].map((name) => nodeId(name));
  readonly hosts: Hosts;
  /** What the actor on each node was told, with the time. */
  readonly told = new Map<NodeId, (Suspicion & { at: number })[]>();
  readonly calm: number;
  readonly victim: NodeId;
  readonly crash: number;
  readonly restart: number | null;
  readonly calmDelay = 10;

  constructor(
    seed: number,
    readonly estimator: FixedTimeout | Accrual,
  ) {
    const chance = random(seed, 'detectors');
    this.calm = chance.int(0, 10) * 20;
    this.victim = this.nodes[chance.int(0, 2)] as NodeId; // one of three
    this.crash = chance.int(0, 320);
    this.restart = chance.chance(0.5) ? this.crash + chance.int(1, 300) : null;
    const loss = chance.float();
    this.hosts = new Hosts(() => {
      const stormy = this.hosts.clock.now() < this.calm;
      if (stormy && chance.chance(loss)) return null;
      return stormy ? chance.int(0, 120) : chance.int(1, this.calmDelay);
    }, coverage);
    for (const node of this.nodes) {
      this.told.set(node, []);
      this.start(node, 1);
    }
    this.hosts.clock.setTimeout(() => this.hosts.crash(this.victim), this.crash);
    if (this.restart !== null) this.hosts.clock.setTimeout(() => this.start(this.victim, 2), this.restart);
  }

  private start(node: NodeId, incarnation: number): void {
    const [detector, actor] = [address(node, 'detector'), address(node, 'group:g')];
    this.hosts.host(detector, failureDetector, inputOf({ node, incarnation, tick: 10, estimator: this.estimator }));
    this.hosts.play(actor, ({ items }) => {
      const at = this.hosts.clock.now();
      this.told.get(node)?.push(...(items as Suspicion[]).map((item) => ({ ...item, at })));
    });
    this.hosts.tell(detector, { type: 'watch', from: actor, items: [{ nodes: this.nodes }] });
  }

  /** What the first incarnation of a correct node heard of another one. */
  of(observer: NodeId, node: NodeId) {
    return (this.told.get(observer) ?? []).filter((opinion) => opinion.node === node);
  }

  get correct(): NodeId[] {
    return this.nodes.filter((node) => node !== this.victim);
  }
}

describe('Chandra and Toueg: what a detector promises', () => {
  for (const estimator of [timeout, accrual]) {
    // The accrual bound: gaps count for 8 intervals at most, so mean 8, deviation 4, and φ = 8 is 5.6 deviations.
    const bound = estimator.kind === 'timeout' ? timeout.timeout : (8 + 5.7 * 4) * 20;
    test(`GM-3: a crashed node is suspected by all in bounded time, a correct one by nobody in the end (${estimator.kind})`, () => {
      let [wrong, restarts] = [0, 0];
      seeds(FILE, 200, (seed) => {
        const run = new Watching(seed, estimator);
        run.hosts.clock.advance(1100);
        for (const observer of run.correct) {
          const last = run.of(observer, run.victim).at(-1);
          const lastArrival = Math.max(run.crash + run.calmDelay, Math.min(run.crash, run.calm) + 120);
          if (run.restart === null) {
            // Completeness: suspected for good, at the latest the bound and two ticks after its last heartbeat.
            expect(last).toMatchObject({ incarnation: 1, suspected: true });
            expect(last?.at).toBeLessThanOrEqual(lastArrival + bound + 20);
          } else {
            restarts += 1;
            expect(last).toMatchObject({ incarnation: 2, suspected: false });
          }
          for (const peer of run.correct.filter((node) => node !== observer)) {
            const opinions = run.of(observer, peer);
            wrong += opinions.length;
            // Eventual accuracy: nothing is held against it once the network has been calm for as long as the timeout.
            expect(opinions.at(-1)?.suspected ?? false).toBe(false);
            expect(opinions.filter(({ at, suspected }) => suspected && at > run.calm + 60)).toEqual([]);
          }
          expectInOrder(run.told.get(observer) ?? []);
        }
      });
      expect(wrong).toBeGreaterThan(process.env.SEED === undefined ? 60 : -1);
      expect(restarts).toBeGreaterThan(process.env.SEED === undefined ? 60 : -1);
    });
  }
});

/** Opinions of a node alternate within an incarnation, and incarnations never go back. */
function expectInOrder(told: readonly Suspicion[]): void {
  const last = new Map<NodeId, Suspicion>();
  for (const opinion of told) {
    const before = last.get(opinion.node) ?? { node: opinion.node, incarnation: 1, suspected: false };
    expect(opinion.incarnation).toBeGreaterThanOrEqual(before.incarnation);
    if (opinion.incarnation === before.incarnation) expect(opinion.suspected).toBe(!before.suspected);
    else expect([before.suspected, opinion.suspected]).toEqual([true, false]);
    last.set(opinion.node, opinion);
  }
}

test('every state and transition of the chart has been taken', () => {
  expect(coverage.missing(failureDetector)).toEqual([]);
});
