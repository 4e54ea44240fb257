/**
 * The name service in whole clusters (GM-8): who looks up gets the present primary, and replicas for reading in turn.
 */
import { describe, expect, test } from '@jest/globals';
import { assign, setup } from 'xstate';
import { type Found, foundShape, type LookUp, lookingUp } from '../../machines/membership/name-messages.js';
import type { NameServiceContext } from '../../machines/membership/name-replica.js';
import type { FrontEndContext } from '../../machines/passive/front-end-context.js';
import type { Effectful, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { groupName, type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { emitEffects, noEffects } from '../../machines/shared/machine.js';
import { mapGet } from '../../machines/shared/persistent-map.js';
import type { Node } from '../../runtime/actors/node.js';
import { linearizable } from '../../runtime/check/index.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import { type SimulateSettings, type Simulation, simulate } from '../../runtime/simulate/simulation.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { everySeed, type Ledger, ledger, type Run, requestsFor, run } from './runs.js';

const group = groupName(ledger.name);
const service = ['ms-1', 'ms-2', 'ms-3'].map((node) => nodeId(node));
const model = serviceModel(ledger);
const styles = ['passive', 'lazy'] as const;

interface ProbeInput {
  readonly names: readonly NodeId[];
  readonly mode: LookUp['mode'];
}
type ProbeContext = Effectful & { readonly found: readonly Found[] };

/** Somebody who looks up once, and keeps what he is told. */
const probe = setup({
  types: {} as {
    context: ProbeContext;
    events: Incoming<'found', Found>;
    input: ProbeInput;
    emitted: EffectsEmitted;
  },
}).createMachine({
  context: ({ input }) => ({ found: [], effects: lookingUp(input.names, group, [input.mode]) }),
  entry: emitEffects,
  on: {
    found: {
      actions: assign(({ context, event }) => ({ found: [...context.found, ...event.items], effects: noEffects })),
    },
  },
});

/** What a test sees of a simulation that nobody else is to see. */
const nodesOf = (simulation: Simulation<Ledger>): ReadonlyMap<NodeId, Node> =>
  (simulation as unknown as { readonly nodes: ReadonlyMap<NodeId, Node> }).nodes;

const nodeOf = (simulation: Simulation<Ledger>, name: string): Node => {
  const node = nodesOf(simulation).get(nodeId(name));
  if (node === undefined) throw new Error(`${name} is not there`);
  return node;
};

let probes = 0;
/** Looks up, and gives what it has been told so far whenever it is asked. */
function ask(
  simulation: Simulation<Ledger>,
  mode: LookUp['mode'],
  names = service,
  at = 'fe-1',
): () => readonly Found[] {
  const node = nodeOf(simulation, at);
  probes += 1;
  const name = `probe-${probes}`;
  node.host(name, probe, () => ({ names, mode }) satisfies ProbeInput, { shapes: { found: foundShape } });
  return () => (node.snapshotOf(name).context as ProbeContext).found; // the machine above
}

function started(settings: SimulateSettings): { simulation: Simulation<Ledger>; events: TraceEvent[] } {
  const events: TraceEvent[] = [];
  const simulation = simulate(ledger, {
    replication: 'passive',
    delay: [1, 1],
    frontEnds: 1,
    ...settings,
    trace: (event) => {
      if (event.kind !== 'transition') events.push(event);
    },
  });
  simulation.drive();
  return { simulation, events };
}

/** Everything that is due until then, that moment's included. */
function until(simulation: Simulation<Ledger>, time: number): void {
  let reached = false;
  simulation.at(time + 0.5, () => {
    reached = true;
  });
  while (!reached && simulation.step()) {}
}

const latest = (found: readonly Found[]): Found | undefined =>
  [...found].sort((a, b) => b.view - a.view).find(({ address }) => address !== null);

const knownAt = (simulation: Simulation<Ledger>, node: string): string | undefined => {
  const { names } = nodeOf(simulation, node).snapshotOf('names').context as NameServiceContext; // of that machine
  return mapGet(names, group)?.primary?.address;
};

describe('the primary', () => {
  /** Its end is heard of at once, for its host refuses what is for it; that it is cut off must be suspected. */
  const losses = styles.flatMap((replication) => [
    [replication, 'crashes', 'crash:rm-1@100ms'] as const,
    [replication, 'is cut off', 'partition:rm-1|rm-2,rm-3,ms-1,ms-2,ms-3,fe-1@100ms'] as const,
  ]);

  test.each(losses)(
    'GM-8: %s: when the primary %s, the next is found within detection, view change, registration and look-up',
    (replication, _, fault) => {
      const lost = 100;
      const { simulation, events } = started({ replication, faults: [fault] });
      until(simulation, 10);
      const present = ask(simulation, 'primary');
      until(simulation, 13);
      expect(present()).toHaveLength(3);
      for (const one of present()) expect(one).toMatchObject({ address: 'rm-1/rm', view: 1 });

      // Look-ups at every ms from then on, and when each of them first heard of the next primary.
      const asked: { at: number; answers: () => readonly Found[]; heard: number | null }[] = [];
      for (let at = lost; at < lost + 700; at++)
        simulation.at(at, () => asked.push({ at, answers: ask(simulation, 'primary'), heard: null }));
      for (let now = lost; now < lost + 710; now++) {
        until(simulation, now);
        for (const look of asked) {
          if (look.heard === null && latest(look.answers())?.address === 'rm-2/rm') look.heard = now;
        }
      }
      const first = (fits: (event: TraceEvent) => boolean): number => events.find(fits)?.t ?? Number.NaN;
      // All that go on have reported when the last of them has suspected rm-1.
      const detected = Math.max(
        ...['rm-2', 'rm-3'].map((node) =>
          first((event) => event.kind === 'sent' && event.type === 'report' && event.node === node && event.t > lost),
        ),
      );
      const registered = first(
        (event) => event.kind === 'received' && event.type === 'register' && event.node === 'ms-1' && event.t > lost,
      );
      const [change, registration, there, back] = [3, 1, 1, 1];
      expect(registered).toBe(detected + change + registration);
      // Once it is registered, all that come find it, and so do those that came when there was none.
      const enough = asked.filter(({ at }) => at >= detected + change - there);
      expect(enough.length).toBeGreaterThan(50);
      for (const { at, heard } of enough) expect(heard).toBe(Math.ceil(Math.max(at + there, registered) + back));
      // Those that came before are told of the one that nobody suspected yet.
      const early = asked.filter(({ at }) => at < detected);
      expect(early.length).toBeGreaterThan(fault.startsWith('crash') ? 0 : 200);
      for (const { heard, answers } of early) {
        expect(heard).toBeNull();
        expect(latest(answers())).toMatchObject({ address: 'rm-1/rm', view: 1 });
      }
    },
  );

  test.each(styles)('GM-8: %s: a replica that was away learns of the primary again', (replication) => {
    everySeed(4, `GM-8: ${replication}: a replica that was away`, (seed) => {
      for (const primary of ['rm-1', 'rm-2']) {
        const away = ['crash:ms-1@100ms', 'recover:ms-1@1200ms', 'crash:fe-1@1100ms', 'recover:fe-1@1200ms'];
        const faults = primary === 'rm-2' ? [...away, 'crash:rm-1@200ms'] : away;
        const { simulation } = started({ replication, seed, delay: [1, 10], faults });
        until(simulation, 1090);
        expect(knownAt(simulation, 'ms-2')).toBe(`${primary}/rm`);
        until(simulation, 1300);
        const alone = ask(simulation, 'primary', [nodeId('ms-1')]);
        until(simulation, 1400);
        expect(knownAt(simulation, 'ms-1')).toBe(`${primary}/rm`);
        expect(alone().map(({ address }) => address)).toEqual([`${primary}/rm`]);
      }
    });
  });

  test('GM-8: a replica on the wrong side of a partition sends nobody back: the highest view is believed', () => {
    everySeed(4, 'GM-8: a replica on the wrong side', (seed) => {
      // ms-1 hears of nothing from the others, and front ends hear from all.
      const partition = 'partition:ms-1|rm-1,rm-2,rm-3,ms-2,ms-3@50ms..4000ms';
      const faults = [partition, 'crash:rm-1@100ms', 'crash:fe-1@1000ms', 'recover:fe-1@1010ms'];
      const { simulation } = started({ seed, delay: [1, 20], faults });
      until(simulation, 1005);
      expect(knownAt(simulation, 'ms-1')).toBe('rm-1/rm');
      expect(knownAt(simulation, 'ms-2')).toBe('rm-2/rm');
      const knownToFrontEnd = (): FrontEndContext => nodeOf(simulation, 'fe-1').snapshotOf('fe').context;
      let since: number | null = null;
      for (let now = 1011; now < 1200; now++) {
        until(simulation, now);
        const { primary } = knownToFrontEnd();
        if (primary === 'rm-2/rm') since ??= now;
        // Whatever ms-1 says later, it stays with the new one.
        if (since !== null) expect(primary).toBe('rm-2/rm');
      }
      expect(since).toBeLessThanOrEqual(1010 + 40);
      const asked = ask(simulation, 'primary');
      until(simulation, 1300);
      expect(asked()).toHaveLength(3);
      expect(latest(asked())).toMatchObject({ address: 'rm-2/rm', view: 2 });
      until(simulation, 6000);
      expect(knownAt(simulation, 'ms-1')).toBe('rm-2/rm');
    });
  });

  test('GM-8: nothing waits for the name service: without it all is answered as before', () => {
    everySeed(3, 'GM-8: nothing waits', (seed) => {
      const expectRight = ({ verdict, played }: Run): void => {
        expect(verdict.unanswered).toEqual([]);
        expect(linearizable(historyOf(played), model).verdict).toBe('holds');
      };
      // Front ends that start when none of its replicas is there, and find their way by asking whoever there is.
      const faults = ['crash:ms-1@100ms', 'crash:ms-2@100ms', 'crash:ms-3@100ms'];
      const again = ['crash:fe-1@200ms', 'recover:fe-1@210ms', 'crash:fe-2@300ms', 'recover:fe-2@310ms'];
      const requests = requestsFor(seed, 2, 8, 100).filter(({ at }) => at < 150 || at > 350);
      expectRight(run({ replication: 'passive', seed, faults: [...faults, ...again] }, requests));
    });
  });
});

describe('replicas for reading', () => {
  /** How many of these front ends read at which replica manager. */
  const readers = (simulation: Simulation<Ledger>): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const [id, node] of nodesOf(simulation)) {
      if (!id.startsWith('fe-')) continue;
      const { turns, reader } = node.snapshotOf('fe').context as FrontEndContext; // of that machine
      const at = turns.servers[reader] ?? 'nobody';
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  const spread = (counts: Record<string, number>): number => {
    const all = Object.values(counts);
    return Math.max(...all) - Math.min(...all);
  };

  test.each(styles)('GM-8: %s: front ends read from all replicas in turn, evenly', (replication) => {
    everySeed(4, `GM-8: ${replication}: front ends read`, (seed) => {
      const settings = { replication, reads: 'backups', seed, delay: [1, 20] } as const;
      const { simulation } = started({ ...settings, frontEnds: 12, faults: ['crash:rm-3@100ms', 'join:rm-4@1500ms'] });
      until(simulation, 90);
      expect(readers(simulation)).toEqual({ 'rm-1/rm': 4, 'rm-2/rm': 4, 'rm-3/rm': 4 });
      // Those who read at the one that is gone are given others in turn.
      until(simulation, 1400);
      const two = readers(simulation);
      expect(Object.keys(two).sort()).toEqual(['rm-1/rm', 'rm-2/rm']);
      expect(spread(two)).toBe(0);
      // Who comes later reads from who has come later as well.
      until(simulation, 2500);
      const later = Array.from({ length: 6 }, () => ask(simulation, 'read', [nodeId('ms-1')]));
      until(simulation, 2600);
      const counts: Record<string, number> = {};
      for (const [one] of later.map((found) => found())) {
        counts[String(one?.address)] = (counts[String(one?.address)] ?? 0) + 1;
      }
      expect(counts).toEqual({ 'rm-1/rm': 2, 'rm-2/rm': 2, 'rm-4/rm': 2 });
    });
  });
});
