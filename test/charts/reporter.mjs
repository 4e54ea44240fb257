// Ends a run of the tests with what they took of the charts of machines/, and what none of them did. setup.ts counts in each
// test file; this gives it the folder to write to, and adds up. A run of some tests only ends with the sum alone.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const coverage = new URL('../../dist/runtime/testing.js', import.meta.url);

export default class ChartReporter {
  #partial;
  #folder;

  constructor({ testPathPatterns, testNamePattern, onlyChanged, onlyFailures, findRelatedTests, shard }) {
    this.#partial =
      testPathPatterns?.isSet() || Boolean(testNamePattern || onlyChanged || onlyFailures || findRelatedTests || shard);
  }

  onRunStart() {
    this.#folder = mkdtempSync(join(tmpdir(), 'chorale-charts-'));
    process.env.CHORALE_CHARTS = this.#folder; // the workers, which start now, inherit it
  }

  async onRunComplete() {
    const counts = readdirSync(this.#folder).map((name) => JSON.parse(readFileSync(join(this.#folder, name), 'utf8')));
    rmSync(this.#folder, { recursive: true, force: true });
    if (!existsSync(coverage)) return; // not built
    const { ChartCoverage, chartTable } = await import(coverage);
    const charts = new ChartCoverage();
    for (const one of counts) charts.merge(one);
    const reports = charts.report();
    const share = (part) => {
      const totals = reports.map(({ totals }) => totals[part]);
      const sum = (field) => totals.reduce((all, one) => all + one[field], 0);
      return `${sum('taken')}/${sum('all')} ${part}`;
    };
    const text = this.#partial
      ? `Charts, by these tests alone: ${share('states')}, ${share('transitions')} of ${reports.length} charts`
      : `\nCharts\n${chartTable(reports)}`;
    process.stderr.write(`${text}\n`);
  }
}
