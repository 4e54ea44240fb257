/**
 * Which requests a person wants to see of many: how it begins, how it ends, and whatever is remarkable in between.
 */
import type { StruckFault } from './fault-log.js';
import type { Report, ReportedRequest } from './report.js';

/** A request, a fault that struck between two requests, or how many requests are left out here. */
export type Row = { readonly request: ReportedRequest } | { readonly struck: StruckFault } | { readonly left: number };

/** As many are shown whole. */
const FEW = 40;
const FIRST = 15;
const LAST = 5;
/** Most remarkable ones. */
const REMARKABLE = 40;
/** Requests shown on each side of a fault. */
const AROUND = 2;

/** The rows in the order in which the requests were made, and how many requests are not among them. */
export function shortened({ requests, faults }: Report, all: boolean): { rows: readonly Row[]; left: number } {
  const inTime = [...requests].sort((a, b) => a.calledAt - b.calledAt);
  const chosen = all || inTime.length <= FEW ? null : choose(inTime, faults.struck);
  const struck = [...faults.struck];
  const rows: Row[] = [];
  let gap = 0;
  const close = (): void => {
    if (gap > 0) rows.push({ left: gap });
    gap = 0;
  };
  const strike = (until: number): void => {
    for (let next = struck[0]; next !== undefined && next.t <= until; next = struck[0]) {
      close();
      rows.push({ struck: next });
      struck.shift();
    }
  };
  inTime.forEach((request, place) => {
    strike(request.calledAt);
    if (chosen === null || chosen.has(place)) {
      close();
      rows.push({ request });
    } else gap += 1;
  });
  close();
  strike(Number.POSITIVE_INFINITY);
  return { rows, left: chosen === null ? 0 : inTime.length - chosen.size };
}

function choose(inTime: readonly ReportedRequest[], struck: readonly StruckFault[]): ReadonlySet<number> {
  const chosen = new Set<number>();
  const add = (from: number, to: number): void => {
    for (let place = Math.max(0, from); place < Math.min(to, inTime.length); place++) chosen.add(place);
  };
  add(0, FIRST);
  add(inTime.length - LAST, inTime.length);
  let remarkable = REMARKABLE;
  for (const { t } of struck) {
    const after = inTime.findIndex(({ calledAt }) => calledAt >= t);
    if (after >= 0 && remarkable > 0) add(after - AROUND, after + AROUND);
    remarkable -= 2 * AROUND;
  }
  inTime.forEach(({ right }, place) => {
    if (right || chosen.has(place) || remarkable <= 0) return;
    chosen.add(place);
    remarkable -= 1;
  });
  return chosen;
}
