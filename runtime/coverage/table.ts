/**
 * The report on charts as text: for each chart how much of it was taken, then every part that never was.
 */
import type { ChartReport, Share, Tally } from './coverage.js';

/** Lines without a line end after the last. */
export function chartTable(reports: readonly ChartReport[]): string {
  const rows = [
    ['chart', 'states', 'transitions'],
    ...reports.map(({ chart, totals }) => [chart, share(totals.states), share(totals.transitions)]),
    ['all', share(sum(reports, 'states')), share(sum(reports, 'transitions'))],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const never = reports.flatMap(({ chart, states, transitions }) => [
    ...notTaken(states).map((name) => `  ${chart}: ${name}`),
    ...notTaken(transitions).map((name) => `  ${chart}: ${name}`),
  ]);
  return [...lines, ...(never.length === 0 ? [] : ['never taken:', ...never])].join('\n');
}

const notTaken = (parts: readonly Tally[]): string[] =>
  parts.filter(({ taken }) => taken === 0).map(({ name }) => name);

const share = ({ taken, all }: Share): string => `${taken}/${all}`;

function sum(reports: readonly ChartReport[], part: 'states' | 'transitions'): Share {
  const shares = reports.map(({ totals }) => totals[part]);
  return {
    all: shares.reduce((all, share) => all + share.all, 0),
    taken: shares.reduce((taken, share) => taken + share.taken, 0),
  };
}
