/**
 * How long clients were left without an answer, read off what became of their requests.
 */
export interface Waited {
  /** ms. */
  readonly calledAt: number;
  readonly endedAt: number;
  /** And not given up. */
  readonly answered: boolean;
}

export interface Silence {
  /** ms: the longest time in which somebody waited all along, and nobody was answered. */
  readonly silence: number;
  /** ms: the longest that one request waited, for its answer or in vain. */
  readonly wait: number;
}

/** `since`, ms: only what ended then or later counts. */
export function longestSilence(requests: readonly Waited[], since = 0): Silence {
  const answers = requests.filter(({ answered }) => answered).map(({ endedAt }) => endedAt);
  answers.sort((a, b) => a - b);
  let silence = 0;
  let next = 0;
  for (const { begin, end } of waitingSpans(requests)) {
    let last = begin;
    const until = (time: number): void => {
      if (time >= since) silence = Math.max(silence, time - last);
      last = time;
    };
    for (let answer = answers[next]; answer !== undefined && answer <= end; answer = answers[next]) {
      until(answer);
      next += 1;
    }
    until(end);
  }
  const late = requests.filter(({ endedAt }) => endedAt >= since);
  return { silence, wait: late.reduce((longest, { calledAt, endedAt }) => Math.max(longest, endedAt - calledAt), 0) };
}

/** The times in which somebody waits, in order, with nobody waiting in between. */
function waitingSpans(requests: readonly Waited[]): { begin: number; end: number }[] {
  const spans: { begin: number; end: number }[] = [];
  for (const { calledAt, endedAt } of [...requests].sort((a, b) => a.calledAt - b.calledAt)) {
    const last = spans.at(-1);
    if (last === undefined || calledAt > last.end) spans.push({ begin: calledAt, end: endedAt });
    else last.end = Math.max(last.end, endedAt);
  }
  return spans;
}
