import { describe, expect, test } from '@jest/globals';
import { ChoraleError } from '../../runtime/errors.js';
import { service } from '../../runtime/service/index.js';
import { FailureRecorder, failureViolations } from '../../runtime/simulate/failures.js';
import { random } from '../../runtime/simulate/random.js';
import { historyOf } from '../../runtime/simulate/service-history.js';
import { type SimulateSettings, simulate } from '../../runtime/simulate/simulation.js';
import { type PlannedRequest, play } from '../../runtime/simulate/workload.js';
import { CostCounter } from '../../runtime/trace/costs.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { digestRecorder } from '../../runtime/trace/recorder.js';
import { same } from '../same.js';
import { everySeed, ledger, requestsFor, run } from './runs.js';

const bad: SimulateSettings = { loss: 0.2, duplicate: 0.1, delay: [1, 20] };

/** One replica manager of three crashes at a time drawn from the seed, often in the middle of the run. */
function crashOfOne(seed: number, within: number): string[] {
  const chance = random(seed, 'crash');
  return [`crash:rm-${chance.int(1, 3)}@${chance.int(1, within)}ms`];
}

describe('active replication over every schedule', () => {
  test('AR-1: AR-2: AR-3: 2,000 seeds with loss, duplication, reordering and a crash', () => {
    everySeed(2000, 'AR-2', (seed) => {
      const settings = { ...bad, seed, faults: crashOfOne(seed, 600) };
      const { verdict, log, events, played, simulation } = run(settings, requestsFor(seed, 3, 6), {
        keep: ({ kind }) => kind === 'delivered' || kind === 'phase' || kind === 'answered',
      });
      same(verdict.reasons, []); // all answered, states equal

      // one total order
      const logs = [...log.executed.values()];
      const longest = logs.reduce((a, b) => (b.length > a.length ? b : a));
      for (const executed of logs) same(executed, longest.slice(0, executed.length));
      const numbers = new Map<string, number[]>();
      const places = new Map<number, Set<string>>();
      for (const event of events) {
        if (event.kind !== 'delivered') continue;
        const number = event.number ?? 0;
        numbers.set(event.node, [...(numbers.get(event.node) ?? []), number]);
        places.set(number, (places.get(number) ?? new Set()).add(`${event.sender}#${event.seq}`));
      }
      for (const delivered of numbers.values())
        same(
          delivered,
          delivered.map((_, i) => i + 1),
        ); // no gap, no repetition
      for (const messages of places.values())
        if (messages.size > 1) throw new Error(`one place, two messages: ${[...messages].join()}`);

      // every live replica is in the state of the service executed once, in that order
      const calls = new Map(played.map(({ call }) => [`${call?.session}#${call?.seq}`, call]));
      const requests = longest.flatMap((id) => calls.get(id) ?? []);
      expect(requests).toHaveLength(18);
      const { value } = ledger.execute(ledger.initial(), requests);
      const updates = requests.filter(({ kind }) => kind === 'update').length;
      const live = simulation.replicas().filter(({ state }) => state === 'live');
      expect(live.length).toBeGreaterThanOrEqual(2);
      for (const { digest, version } of live) same([digest, version], [ledger.digest(value), updates]);

      // a front end has one request of a client under way at a time, each with an id of its own
      const open = new Map<string, string>();
      const seen = new Set<string>();
      for (const event of events) {
        if (event.kind === 'phase' && event.phase === 'RE') {
          for (const request of event.requests) {
            const client = request.slice(0, request.indexOf('#'));
            if (open.has(client)) throw new Error(`${request} while ${open.get(client)} is under way`);
            if (seen.has(request)) throw new Error(`${request} twice`);
            open.set(client, request);
            seen.add(request);
          }
        } else if (event.kind === 'answered') open.delete(event.request.slice(0, event.request.indexOf('#')));
      }
      same(seen.size, 18);
    });
  }, 240_000);

  test('AR-4: AR-5: replicas exchange nothing after execution; every live one replies to every request', () => {
    const { events } = run({ seed: 3 }, requestsFor(3, 1, 20), { keep: ({ kind }) => kind === 'sent' });
    const sent = events.filter((event) => event.kind === 'sent');
    expect(sent.filter(({ node, to }) => node.startsWith('rm-') && to.startsWith('rm-'))).toEqual([]);
    for (const rm of ['rm-1', 'rm-2', 'rm-3']) {
      expect(sent.filter(({ node, type }) => node === rm && type === 'replies')).toHaveLength(20);
    }
  });

  test('AR-6: the crash of a replica manager changes no reply and costs less than a tenth of the throughput', () => {
    const requests = requestsFor(11, 4, 200);
    const calm = run({ seed: 11, delay: [1, 3] }, requests);
    const faulty = run({ seed: 11, delay: [1, 3], faults: ['crash:rm-1@400ms'] }, requests);
    expect(calm.verdict.reasons).toEqual([]);
    expect(faulty.verdict.reasons).toEqual([]);
    expect(faulty.verdict.replicas.map(({ state }) => state)).toEqual(['crashed', 'live', 'live']);
    const duration = ({ played }: typeof calm) => Math.max(...played.map(({ endedAt }) => endedAt));
    expect(duration(calm)).toBeGreaterThan(800); // the crash fell in the middle
    expect(duration(faulty) / duration(calm)).toBeLessThan(1 / 0.9);
  });

  test('AR-6: with all replica managers but one crashed the service goes on', () => {
    everySeed(50, 'AR-6', (seed) => {
      const faults = ['crash:rm-1@40ms', 'crash:rm-3@80ms'];
      same(run({ ...bad, seed, faults }, requestsFor(seed, 2, 10)).verdict.reasons, []);
    });
  });

  test('AR-9: an FE that crashes in the middle of sending: all correct RMs execute the request, or none', () => {
    let executed = 0;
    let not = 0;
    everySeed(500, 'AR-9', (seed) => {
      const chance = random(seed, 'crash');
      const fault = chance.chance(0.5) ? `crash:fe-1@RE#${chance.int(1, 5)}` : `crash:fe-1@${chance.int(1, 120)}ms`;
      const { verdict, log, played } = run({ ...bad, seed, faults: [fault] }, requestsFor(seed, 2, 6));
      const logs = ['rm-1', 'rm-2', 'rm-3'].map((rm) => log.executed.get(rm) ?? []);
      same(logs[1], logs[0]);
      same(logs[2], logs[0]);
      same(verdict.agree, true);
      same(verdict.wrong, []);
      const cut = played.find(({ error }) => error?.code === 'FRONT_END_CRASHED');
      if (cut?.call == null) return;
      if (logs[0]?.includes(`${cut.call.session}#${cut.call.seq}`)) executed += 1;
      else not += 1;
    });
    if (process.env.SEED === undefined) {
      expect(executed).toBeGreaterThan(20); // both really happened
      expect(not).toBeGreaterThan(20);
    }
  });

  test('AR-10: a client may use any replica manager as its proxy, and outlives its crash', () => {
    everySeed(200, 'AR-10', (seed) => {
      const { verdict, events } = run({ ...bad, seed, faults: ['crash:rm-2@100ms'] }, requestsFor(seed, 2, 8), {
        via: { 'client-1': 'rm-2', 'client-2': 'rm-3' },
        keep: ({ kind }) => kind === 'phase',
      });
      same(verdict.reasons, []);
      const issuers = new Set(
        events.flatMap((event) => (event.kind === 'phase' && event.phase === 'RE' ? [event.node] : [])),
      );
      same(
        [...issuers].every((node) => node.startsWith('rm-')),
        true,
      );
      same(issuers.has('rm-3'), true);
    });
  });

  test('AR-11: the voter dies with its own client, and with no other', () => {
    const { played, verdict } = run({ seed: 5, faults: ['crash:fe-1@30ms'] }, requestsFor(5, 3, 20));
    const codes = new Map<string, Set<string | undefined>>();
    for (const { client, error } of played) codes.set(client, (codes.get(client) ?? new Set()).add(error?.code));
    expect(codes.get('client-1')).toContain('FRONT_END_CRASHED');
    expect(codes.get('client-2')).toEqual(new Set([undefined]));
    expect(codes.get('client-3')).toEqual(new Set([undefined]));
    expect(verdict.wrong).toEqual([]);
  });

  test('AR-11: a front end that comes back serves its client in a new session', async () => {
    const cluster = simulate(ledger, { seed: 9 });
    const client = cluster.client({ name: 'ann' });
    expect(await client.add(1)).toBe(1);
    cluster.inject('crash:fe-1');
    await expect(client.add(1)).rejects.toMatchObject({ code: 'FRONT_END_CRASHED' });
    cluster.inject('recover:fe-1');
    expect(await client.add(2)).toBe(3);
    await cluster.close();
  });

  test('AR-11: a client whose node crashed and came back is another process of the history, and one process more', () => {
    const processes = (faults: readonly string[]) => {
      const of = run({ seed: 3, faults, delay: [1, 1] }, [
        { at: 0, client: 'ann', op: 'add', args: [1] },
        { at: 50, client: 'ann', op: 'add', args: [1] },
        { at: 100, client: 'ann', op: 'total', args: [] },
      ]);
      return historyOf(of.played).map(({ process }) => process);
    };
    expect(processes([])).toEqual(['ann', 'ann', 'ann']);
    // at rest, and with a request under way that never returns
    expect(processes(['crash:fe-1@20ms', 'recover:fe-1@30ms'])).toEqual(['ann', 'ann~2', 'ann~2']);
    expect(processes(['crash:fe-1@51ms', 'recover:fe-1@60ms'])).toEqual(['ann', 'ann', 'ann~2']);
  });

  test('AR-14: a request that is sent again through another proxy is executed once', () => {
    let resent = 0;
    everySeed(200, 'AR-14', (seed) => {
      // The proxy's answers are lost for a while, so the client turns to the next one with the same request.
      const { log, played, verdict, events } = run(
        { seed, retryAfter: 30, faults: ['partition:rm-1>fe-1@20ms..200ms'] },
        requestsFor(seed, 1, 12),
        { via: { 'client-1': 'rm-1' }, keep: ({ kind }) => kind === 'phase' },
      );
      same(verdict.reasons, []);
      for (const executed of log.executed.values()) {
        same(new Set(executed).size, executed.length);
        expect(executed).toHaveLength(played.length);
      }
      const issued = events.flatMap((event) => (event.kind === 'phase' && event.phase === 'RE' ? event.requests : []));
      if (issued.length > new Set(issued).size) resent += 1;
    });
    if (process.env.SEED === undefined) expect(resent).toBeGreaterThan(150); // it did come twice
  });
});

describe('Byzantine replies', () => {
  /** Whether the first reply to reach the front end for each request came from `liar`. */
  function firstFrom(events: readonly TraceEvent[], liar: string): { first: number; all: number } {
    let first = 0;
    let all = 0;
    let open = false;
    for (const event of events) {
      if (event.kind === 'phase' && event.phase === 'RE') open = true;
      if (event.kind !== 'received' || event.type !== 'replies' || !open) continue;
      open = false;
      all += 1;
      if (event.from.startsWith(`${liar}/`)) first += 1;
    }
    return { first, all };
  }

  test('AR-7: 500 seeds with a liar whose lie is often the first reply: no client gets a wrong reply', () => {
    let first = 0;
    let all = 0;
    everySeed(500, 'AR-7', (seed) => {
      const { verdict, events } = run(
        { seed, tolerate: 'byzantine', delay: [1, 10], faults: ['lie:rm-2'] },
        requestsFor(seed, 1, 12),
        { keep: ({ kind }) => kind === 'phase' || kind === 'received' },
      );
      same(verdict.reasons, []);
      const seen = firstFrom(events, 'rm-2');
      first += seen.first;
      all += seen.all;
    });
    if (process.env.SEED === undefined) expect(first / all).toBeGreaterThanOrEqual(0.3);
  });

  test('AR-7: with crash voting and a liar wrong replies are seen: the vote is what protects', () => {
    let wrong = 0;
    for (let seed = 1; seed <= 50; seed++) {
      wrong += run({ seed, faults: ['lie:rm-2'] }, requestsFor(seed, 1, 12)).verdict.wrong.length;
    }
    expect(wrong).toBeGreaterThan(100);
  });

  test('AR-7: of five, any two that lie, equivocate or keep silent change nothing', () => {
    const behaviours = ['lie:rm-2', 'lie:rm-2=A', 'equivocate:rm-2', 'silent:rm-2'];
    everySeed(100, 'AR-7', (seed) => {
      for (const one of behaviours) {
        for (const other of ['lie:rm-4=A', 'equivocate:rm-4', 'silent:rm-4']) {
          if (one.endsWith('=A') && other.endsWith('=A') && seed % 2 === 0) continue;
          const { verdict } = run(
            { seed, replicas: 5, tolerate: 'byzantine', faults: [one, other] },
            requestsFor(seed, 2, 2),
          );
          same(verdict.reasons, []);
        }
      }
    });
  });

  test('AR-7: f + 1 liars that agree get a wrong reply through, and the verdict says why', () => {
    const { verdict } = run(
      { seed: 1, tolerate: 'byzantine', faults: ['lie:rm-2=A', 'lie:rm-3=A'] },
      requestsFor(1, 1, 20),
    );
    expect(verdict.right).toBe(false);
    expect(verdict.wrong.length).toBeGreaterThan(0);
    expect(verdict.reasons.join(' ')).toContain('the votes allowed it');
  });

  test('AR-7: proxies and reads at one replica manager are refused', () => {
    expect(() => simulate(ledger, { tolerate: 'byzantine', reads: 'one' })).toThrow(
      expect.objectContaining({ code: 'STYLE_UNSUITED' }),
    );
    const cluster = simulate(ledger, { tolerate: 'byzantine' });
    expect(() => cluster.client({ via: 'rm-1' })).toThrow(expect.objectContaining({ code: 'STYLE_UNSUITED' }));
  });
});

describe('crash and recovery', () => {
  test('CH-2: a crashed replica manager sends and executes nothing more, at any of its phases', () => {
    for (const phase of ['SC', 'EX', 'END']) {
      const { verdict, events } = run({ seed: 4, faults: [`crash:rm-2@${phase}#5`] }, requestsFor(4, 2, 20), {
        keep: ({ node }) => node === 'rm-2',
      });
      expect(verdict.reasons).toEqual([]);
      const crashed = events.findIndex(({ kind }) => kind === 'crashed');
      expect(crashed).toBeGreaterThan(0);
      expect(events.slice(crashed + 1)).toEqual([]);
      const entered = events.filter((event) => event.kind === 'phase' && event.phase === phase);
      expect(entered).toHaveLength(5);
    }
  });

  test('CH-2: a replica manager that comes back without its state is silent, and does not count as live', () => {
    everySeed(100, 'CH-2', (seed) => {
      const { verdict, log, simulation } = run(
        { ...bad, seed, faults: ['crash:rm-1@50ms', 'recover:rm-1@150ms'] },
        requestsFor(seed, 2, 10, 30),
      );
      same(verdict.reasons, []);
      same(
        verdict.replicas.map(({ state }) => state),
        ['silent', 'live', 'live'],
      );
      expect(log.executed.get('rm-1')?.length ?? 0).toBeLessThan(20);
      expect(simulation.replicas()[0]?.digest).toBeNull();
    });
  });

  test('CH-2: a front end that restarted before a replica manager ever heard it is answered', async () => {
    const cluster = simulate(ledger, { seed: 4 });
    const client = cluster.client({ name: 'ann' });
    cluster.inject('crash:fe-1');
    cluster.inject('recover:fe-1');
    expect(await client.add(1)).toBe(1);
    await cluster.close();
  });

  test('a partition that heals delays requests and loses none', () => {
    everySeed(50, 'a partition that heals', (seed) => {
      const faults = ['partition:rm-1|rm-2,rm-3,sequencer@20ms..400ms', 'partition:fe-1>sequencer@60ms..300ms'];
      const { verdict, played } = run({ ...bad, seed, faults }, requestsFor(seed, 2, 8));
      same(verdict.reasons, []);
      expect(Math.max(...played.map(({ endedAt }) => endedAt))).toBeGreaterThan(300);
    });
  });

  test('CH-3: omission at a node is mended by the links', () => {
    everySeed(50, 'CH-3', (seed) => {
      const faults = ['omit-send:rm-1:0.3', 'omit-receive:rm-2:0.3', 'omit-send:fe-1:0.3'];
      same(run({ seed, faults }, requestsFor(seed, 2, 8)).verdict.reasons, []);
    });
  });

  test('CH-3: a front end that does not get through sends no more than its bound; calls wait, and all are answered', () => {
    const simulation = simulate(ledger, { frontEnds: 1, faults: ['partition:fe-1|sequencer@0ms..2000ms'] });
    const sent = (): number => simulation.counters()['fe-1']?.['frames.sent'] ?? 0;
    const requests = Array.from({ length: 1000 }, (_, at) => ({ at, client: `client-${at}`, op: 'add', args: [1] }));
    let early = 0;
    simulation.at(1500, () => {
      early = sent();
    });
    const played = play(simulation, requests, { timeout: 60_000 });
    expect(early).toBe(257); // one more than the mark
    const sums = played.flatMap(({ answer }) => (answer?.outcome.ok ? [Number(answer.outcome.value)] : []));
    expect(sums.sort((a, b) => a - b)).toEqual(requests.map((_, i) => i + 1));
    expect(sent()).toBeLessThan(270); // what waited went together
  });
});

describe('reads at one replica manager', () => {
  test('a read is never older than what its front end has seen', () => {
    everySeed(300, 'a read is never older', (seed) => {
      const { verdict, played } = run(
        { ...bad, seed, reads: 'one', retryAfter: 40, faults: crashOfOne(seed, 300) },
        requestsFor(seed, 3, 8),
      );
      same(verdict.reasons, []);
      const seen = new Map<string, number>();
      for (const { client, answer, endedAt } of [...played].sort((a, b) => a.endedAt - b.endedAt)) {
        expect(endedAt).toBeGreaterThan(0);
        const version = answer?.version ?? 0;
        expect(version).toBeGreaterThanOrEqual(seen.get(client) ?? 0);
        seen.set(client, version);
      }
    });
  });
});

describe('costs', () => {
  function costsOf(settings: SimulateSettings, requests: readonly PlannedRequest[]) {
    const costs = new CostCounter();
    const { played, verdict } = run(settings, requests, { recorder: costs });
    expect(verdict.reasons).toEqual([]);
    return played.map(({ call }) => costs.of(`${call?.session}#${call?.seq}`));
  }

  test('MC-12: a request, unbatched, costs 2n + 1 messages and 3 delays, and its phases are RE SC EX END', () => {
    for (const replicas of [1, 3, 5, 7]) {
      for (const cost of costsOf({ seed: 2, replicas }, requestsFor(2, 1, 20))) {
        expect(cost).toEqual({ phases: ['RE', 'SC', 'EX', 'END'], delays: 3, messages: 2 * replicas + 1 });
      }
    }
  });

  test('MC-12: batched, messages for each request go down as load grows', () => {
    const mean = (clients: number): number => {
      const all = costsOf({ seed: 2, frontEnds: 1, delay: [2, 2] }, requestsFor(2, clients, 10));
      return all.reduce((sum, { messages }) => sum + messages, 0) / all.length;
    };
    expect(mean(1)).toBe(7);
    expect(mean(8)).toBeLessThan(1);
    expect(mean(64)).toBeLessThan(0.2);
  });

  test('a read at one replica manager costs 2 messages and 2 delays, and its phases are RE EX END', () => {
    const requests: PlannedRequest[] = Array.from({ length: 10 }, () => ({
      at: 0,
      client: 'ann',
      op: 'total',
      args: [],
    }));
    for (const cost of costsOf({ seed: 2, reads: 'one' }, requests)) {
      expect(cost).toEqual({ phases: ['RE', 'EX', 'END'], delays: 2, messages: 2 });
    }
  });
});

describe('local: the counter-example', () => {
  test('updates are answered before the others have them, and phases are RE EX END AC', () => {
    const costs = new CostCounter();
    const { played, verdict } = run(
      { seed: 1, replication: 'local', delay: [50, 50], faults: ['partition:rm-1>rm-2@190ms..1000ms'] },
      [
        { at: 0, client: 'bob', op: 'add', args: [1] },
        { at: 0, client: 'ann', op: 'total', args: [] },
        { at: 200, client: 'bob', op: 'add', args: [2] },
        { at: 310, client: 'ann', op: 'total', args: [] },
      ],
      { recorder: costs },
    );
    expect(played.map(({ answer }) => answer?.outcome)).toMatchObject([
      { value: 1 },
      { value: 0 },
      { value: 3 },
      { value: 1 },
    ]);
    expect(costs.of('bob#1').phases).toEqual(['RE', 'EX', 'END', 'AC']);
    expect(verdict.wrong.map(({ request, missed }) => ({ request, missed }))).toEqual([
      { request: 'ann#2', missed: ['bob#2'] },
    ]);
    expect(verdict.agree).toBe(true);
  });
});

describe('a run is its seed', () => {
  const long: SimulateSettings = {
    ...bad,
    replicas: 5,
    faults: [
      'crash:rm-2@300ms',
      'lie:rm-4',
      'partition:rm-1|rm-3@500ms..700ms',
      'crash:fe-2@RE#9',
      'recover:fe-2@900ms',
    ],
    tolerate: 'byzantine',
  };
  function traceOf(seed: number): { digest: string; lines: number } {
    const recorder = digestRecorder();
    run({ ...long, seed }, requestsFor(seed, 4, 50), { recorder });
    return { digest: recorder.digest(), lines: recorder.lines };
  }

  test('the same seed gives the same trace, byte for byte; another seed another', () => {
    expect(traceOf(77)).toEqual(traceOf(77));
    expect(traceOf(78).digest).not.toBe(traceOf(77).digest);
  });

  test('one long trace has the digest that every machine must see', () => {
    expect(traceOf(20_261)).toEqual({
      digest: 'd7ca771de7e121f2b7eb1a7a6c96627f13076821e83339b08946d026b615e1b0',
      lines: 6531,
    });
  });
});

describe('a node that stops of itself', () => {
  const stopped = (reason: string): FailureRecorder => {
    const recorder = new FailureRecorder();
    recorder.record({ t: 7.4, node: 'rm-2', kind: 'crashed', reason });
    return recorder;
  };

  test('is found in a run, or a machine that throws would pass for a crash', () => {
    expect(failureViolations(stopped('ACTOR_FAILED: The actor rm-2/rm threw: no'))).toEqual([
      {
        property: 'failure',
        why: 'rm-2 stopped of itself at 7 ms. ACTOR_FAILED: The actor rm-2/rm threw: no',
        part: [],
      },
    ]);
  });

  test.each(['fault', 'evicted', 'left'])('%s: it did not', (reason) => {
    expect(failureViolations(stopped(reason))).toEqual([]);
  });
});

describe('settings and faults that cannot be', () => {
  test.each([
    ['crash:rm-9@1ms', /names rm-9: there are rm-1 to rm-3/],
    ['crash:sequencer@1ms', /the sequencer of a static group cannot fail/],
    ['crash:rm-1@soon', /"soon" is no time/],
    ['crash:rm-1@XX#3', /"XX" is no phase/],
    ['crash:rm-1@EX#0', /"0" is no count/],
    ['lie:rm-1=', /no letter/],
    ['loss:1.5', /no probability/],
    ['loss:', /no probability/],
    ['partition:rm-1', /two sides/],
    ['partition:rm-1|rm-1', /both sides/],
    ['partition:rm-1|rm-2@5ms..1ms', /ends \(1ms\) before it begins/],
    ['explode:rm-1', /no kind of fault/],
  ])('the fault %s is refused', (fault, message) => {
    expect(() => simulate(ledger, { faults: [fault] })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringMatching(message) }),
    );
  });

  test.each([
    [{ replicas: 0 }, 'replicas'],
    [{ replicas: 2.5 }, 'replicas'],
    [{ seed: -1 }, 'seed'],
    [{ delay: [5, 1] }, 'delay'],
    [{ timeout: Number.NaN }, 'timeout'],
    [{ retries: 3 }, 'retries'],
    [{ replication: 'pasive' }, 'replication'],
  ])('the settings %j are refused by name', (settings, name) => {
    expect(() => simulate(ledger, settings as SimulateSettings)).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining(name) }),
    );
  });

  test('FN-4: a style refuses a service and an order that it cannot keep its promise with', () => {
    const dice = service('dice', {
      deterministic: false,
      state: () => ({ last: 0 }),
      updates: {
        roll(draft) {
          draft.last += 1;
          return draft.last;
        },
      },
      queries: {},
    });
    const unsuited = expect.objectContaining({ code: 'STYLE_UNSUITED' });
    // @ts-expect-error active replication executes every operation at every replica
    expect(() => simulate(dice, { replication: 'active' })).toThrow(unsuited);
    // @ts-expect-error and it is the default
    expect(() => simulate(dice)).toThrow(unsuited);
    expect(simulate(dice, { replication: 'local' }).settings.style.name).toBe('local');
    expect(() => simulate(ledger, { order: 'causal' })).toThrow(unsuited);
    expect(() => simulate(ledger, { replication: 'local', order: 'total' })).toThrow(unsuited);
    expect(() => simulate(ledger, { replication: 'local', tolerate: 'byzantine' })).toThrow(unsuited);
  });
});

describe('the face that start and simulate share', () => {
  test('calls of one client wait for their turn, to a bound', async () => {
    const cluster = simulate(ledger, { seed: 1, waiting: 3 });
    const client = cluster.client();
    const sums = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((amount) => client.add(amount)));
    expect(sums.slice(0, 4)).toMatchObject([1, 3, 6, 10].map((value) => ({ value })));
    expect(sums.slice(4)).toMatchObject([4, 5].map(() => ({ reason: { code: 'BUSY' } })));
    await cluster.close();
  });

  test('a call that gets no answer ends with TIMEOUT, in virtual time', async () => {
    const cluster = simulate(ledger, { seed: 1, faults: ['partition:fe-1|sequencer@0ms..5000ms'] });
    const client = cluster.client();
    await expect(client.with({ timeout: 200 }).add(1)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(cluster.now).toBe(200);
    expect(await client.add(5)).toBe(6); // the first took effect in the end, as the error said that it might
    await cluster.close();
  });

  test('a call is cancelled by its signal, before and while it is under way', async () => {
    const cluster = simulate(ledger, { seed: 1 });
    const client = cluster.client();
    const cancelled = expect.objectContaining({ code: 'CANCELLED' });
    await expect(client.with({ signal: AbortSignal.abort() }).add(1)).rejects.toThrow(cancelled);
    const controller = new AbortController();
    const pending = client.with({ signal: controller.signal }).add(1);
    controller.abort();
    await expect(pending).rejects.toThrow(cancelled);
    await cluster.close();
  });

  test('an operation that throws rejects with its own code, and has no effect', async () => {
    const cluster = simulate(ledger, { seed: 1 });
    const client = cluster.client();
    await expect(client.add(99)).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: '99 is too much' });
    expect(await client.total()).toBe(0);
    await cluster.close();
  });

  test('close lets calls under way end, and refuses later ones', async () => {
    const cluster = simulate(ledger, { seed: 1 });
    const client = cluster.client();
    const under = client.add(1);
    const closed = cluster.close();
    expect(await under).toBe(1);
    await closed;
    await expect(client.add(1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => cluster.client()).toThrow(ChoraleError);
  });

  test('events counts what all actors have handled, on nodes that are no more as well', async () => {
    const cluster = simulate(ledger, { seed: 1 });
    const client = cluster.client();
    await client.add(1);
    await cluster.advance(50);
    const before = cluster.events;
    expect(before).toBeGreaterThan(10);
    cluster.inject('crash:rm-3');
    expect(cluster.events).toBe(before);
    await client.add(1);
    const after = cluster.events;
    expect(after).toBeGreaterThan(before);
    await cluster.close();
    expect(cluster.events).toBe(after);
  });

  test('on tells of views, crashes and recoveries', async () => {
    const cluster = simulate(ledger, { seed: 1, faults: ['crash:rm-1@5ms', 'recover:rm-1@9ms'] });
    const told: unknown[] = [];
    cluster.on('view', (event) => told.push(['view', event]));
    cluster.on('recover', (event) => told.push(['recover', event]));
    const off = cluster.on('crash', (event) => told.push(['crash', event]));
    await cluster.advance(10);
    off();
    cluster.inject('crash:rm-2');
    expect(told).toEqual([
      ['view', { id: 1, members: ['rm-1', 'rm-2', 'rm-3'] }],
      ['crash', { node: 'rm-1', error: null }],
      ['recover', { node: 'rm-1', incarnation: 2 }],
    ]);
    await cluster.close();
  });
});
