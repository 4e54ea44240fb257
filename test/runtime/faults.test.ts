import { describe, expect, test } from '@jest/globals';
import type { SimulateSettings } from '../../runtime/simulate/simulation.js';
import { digestRecorder } from '../../runtime/trace/recorder.js';
import { everySeed, requestsFor, run } from './runs.js';

const bad: SimulateSettings = { loss: 0.2, duplicate: 0.1, delay: [1, 20] };

describe('the fate of a frame', () => {
  const omitting = ['omit-send:rm-1:0.2', 'omit-receive:rm-2:0.2'];
  function traced(settings: SimulateSettings) {
    const recorder = digestRecorder();
    const { simulation, verdict } = run({ ...bad, faults: omitting, ...settings }, requestsFor(4, 2, 6), { recorder });
    expect(verdict.reasons).toEqual([]);
    return { digest: recorder.digest(), rough: simulation.roughFrames, network: simulation.network };
  }

  test('CH-4: reordering, loss, duplication and omission strike the frames that the seed names, and those names make the same run', () => {
    everySeed(20, 'CH-4: reordering', (seed) => {
      const whole = traced({ seed, recordFates: true });
      expect(whole.network.lost * whole.network.duplicated * whole.network.omitted).toBeGreaterThan(0);
      expect(traced({ seed, rough: whole.rough }).digest).toBe(whole.digest);
    });
  });

  test('CH-4: frames that are left out of the names take the least delay, and move no other frame', () => {
    const names = traced({ seed: 7, recordFates: true }).rough;
    const none = traced({ seed: 7, rough: [], recordFates: true });
    expect(none.rough).toEqual([]);
    expect(none.network).toMatchObject({ lost: 0, duplicated: 0, omitted: 0 });
    const half = names.filter((_, place) => place % 2 === 0);
    const { rough, network } = traced({ seed: 7, rough: half, recordFates: true });
    expect(half).toEqual(expect.arrayContaining(rough));
    expect(network.lost).toBeGreaterThan(0);
  });

  test('nothing is kept of fates that nobody asked for', () => {
    expect(traced({ seed: 1 }).rough).toEqual([]);
  });
});
