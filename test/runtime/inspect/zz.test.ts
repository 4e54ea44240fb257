import { test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { describe } from '../../../runtime/inspect/charts/describe.js';
import { everyMachine } from '../../machines/every.js';
test('dump', () => {
  const all = new Map(everyMachine().map((m) => [m.id, describe(m)]));
  writeFileSync('/tmp/h3/dev/public/charts.json', JSON.stringify([...all.values()], null, 1));
});
