/**
 * Linearizability of a register of which no value is written twice, after Gibbons and Korach (Testing shared memories,
 * 1997). A write and the reads of its value stand together in every linearization, so what has to be put in order is
 * these clusters. One must come before another when some operation of it returned before some of the other was called,
 * that is when its first return comes before the other's last call; and there is an order unless two clusters must each
 * come before the other.
 */
import { textOf } from './json.js';
import type { Question } from './question.js';
import type { Values } from './unique.js';

/** Places of operations, and their times. */
interface Cluster {
  firstReturn: number;
  firstReturned: number;
  lastCall: number;
  lastCalled: number;
}

/** Before all operations: the write of the value that was there at first. */
const START = -1;

/** Operations that by themselves cannot be, whatever the others that may have happened; none where it is linearizable. */
export function unorderedInRegister(question: Question, { puts, takes, first }: Values): readonly number[] {
  const { operations, required, timing } = question;
  const start = {
    firstReturn: START,
    firstReturned: Number.NEGATIVE_INFINITY,
    lastCall: START,
    lastCalled: Number.NEGATIVE_INFINITY,
  };
  const clusters = new Map<string, Cluster>([[first, start]]);
  for (const [value, i] of puts) {
    if (required[i] === 1) clusters.set(value, clusterOf(question, i));
  }
  for (const i of takes) {
    if (required[i] === 0) continue;
    const value = textOf(operations[i]?.output ?? null);
    const put = puts.get(value);
    let cluster = clusters.get(value);
    if (cluster === undefined) {
      if (put === undefined) return [i];
      cluster = clusterOf(question, put);
      clusters.set(value, cluster);
    }
    const [called = 0, returned = 0] = [timing.called[i], timing.returned[i]];
    if (put !== undefined && returned < (timing.called[put] ?? 0)) return [i];
    if (returned < cluster.firstReturned) Object.assign(cluster, { firstReturn: i, firstReturned: returned });
    if (called > cluster.lastCalled) Object.assign(cluster, { lastCall: i, lastCalled: called });
  }
  const [one, other] = conflict([...clusters.values()]);
  if (one === undefined || other === undefined) return [];
  const places = [one.firstReturn, one.lastCall, other.firstReturn, other.lastCall];
  return [...new Set(places)].filter((i) => i !== START && required[i] === 1);
}

function clusterOf({ timing: { called, returned } }: Question, i: number): Cluster {
  return { firstReturn: i, firstReturned: returned[i] ?? 0, lastCall: i, lastCalled: called[i] ?? 0 };
}

/** Two clusters of which each must come before the other. */
function conflict(clusters: Cluster[]): readonly Cluster[] {
  clusters.sort((a, b) => a.firstReturned - b.firstReturned || 0);
  // For each place, the cluster up to there whose last call is the latest, and the second latest.
  const latest: Cluster[] = [];
  const second: (Cluster | undefined)[] = [];
  for (const [i, cluster] of clusters.entries()) {
    const [top, next] = [latest[i - 1], second[i - 1]];
    const leads = top === undefined || cluster.lastCalled > top.lastCalled;
    latest.push(leads ? cluster : top);
    second.push(leads ? top : next === undefined || cluster.lastCalled > next.lastCalled ? cluster : next);
  }
  for (const cluster of clusters) {
    const before = countBefore(clusters, cluster.lastCalled) - 1;
    const other = latest[before] === cluster ? second[before] : latest[before];
    if (other !== undefined && other.lastCalled > cluster.firstReturned) return [cluster, other];
  }
  return [];
}

/** How many have their first return before this time. */
function countBefore(clusters: readonly Cluster[], time: number): number {
  let low = 0;
  let high = clusters.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((clusters[middle]?.firstReturned ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
