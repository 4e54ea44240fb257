/**
 * Scenarios that are a little simpler than a given one, to be tried in its place: pure proposals, of which nobody knows
 * yet whether they still show what the given one shows.
 */
import type { Serializable } from '../../machines/shared/serializable.js';
import { type Fault, faultText, nodesOf, parseFault } from './faults.js';
import type { Scenario } from './scenario.js';
import type { PlannedRequest } from './workload.js';

export const clientsOf = (requests: readonly PlannedRequest[]): string[] => [
  ...new Set(requests.map(({ client }) => client)),
];

/** With these requests only, and without what concerns clients that have none of them. */
export function withRequests(scenario: Scenario, requests: readonly PlannedRequest[]): Scenario {
  const clients = clientsOf(requests);
  const via = Object.fromEntries(Object.entries(scenario.via).filter(([client]) => clients.includes(client)));
  return { ...scenario, requests, via };
}

/** With so many replicas, and without what concerns those that are left out. */
export function withReplicas(scenario: Scenario, replicas: number): Scenario {
  const stays = (node: string): boolean => !node.startsWith('rm-') || Number(node.slice('rm-'.length)) <= replicas;
  const via = Object.fromEntries(Object.entries(scenario.via).filter(([, node]) => stays(node)));
  const faults = scenario.faults.filter((text) => nodesOf(parseFault(text)).every(stays));
  return { ...scenario, replicas, via, faults };
}

/** One client's requests made by another, or by no proxy. */
export function* fewerClients(scenario: Scenario): Iterable<Scenario> {
  const clients = clientsOf(scenario.requests);
  for (const client of Object.keys(scenario.via)) {
    const { [client]: _, ...via } = scenario.via;
    yield { ...scenario, via };
  }
  for (const [place, client] of clients.entries()) {
    for (const other of clients.slice(0, place)) {
      const requests = scenario.requests.map((request) =>
        request.client === client ? { ...request, client: other } : request,
      );
      yield withRequests(scenario, requests);
    }
  }
}

/** A network with less to it. */
export function* calmerNetworks(scenario: Scenario): Iterable<Scenario> {
  const { delay, loss, duplicate, rough, ...rest } = scenario;
  const [least] = delay;
  if (rough === undefined) yield { ...scenario, rough: [] };
  if (loss > 0) yield { ...scenario, loss: 0 };
  if (duplicate > 0) yield { ...scenario, duplicate: 0 };
  for (const ms of [1, least]) if (delay[0] !== ms || delay[1] !== ms) yield { ...scenario, delay: [ms, ms] };
  if (rough?.length === 0 && loss === 0 && duplicate === 0) yield { ...rest, delay: [least, least], loss, duplicate };
}

/** The same faults, one of them earlier, shorter or between fewer nodes. */
export function* simplerFaults(scenario: Scenario): Iterable<Scenario> {
  for (const [place, text] of scenario.faults.entries()) {
    for (const fault of simplerFault(parseFault(text)))
      yield { ...scenario, faults: scenario.faults.with(place, faultText(fault)) };
  }
}

function* simplerFault(fault: Fault): Iterable<Fault> {
  if ('when' in fault) {
    const { when } = fault;
    if ('at' in when) for (const at of rounder(when.at)) yield { ...fault, when: { at } };
    else for (const count of fewer(when.count)) yield { ...fault, when: { ...when, count } };
    return;
  }
  const { during } = fault;
  if (!('at' in during)) {
    for (const count of fewer(during.count)) yield { ...fault, during: { ...during, count } };
    for (const lasts of rounder(during.lasts ?? 0)) yield { ...fault, during: { ...during, lasts } };
  } else if (during.until === null)
    for (const at of rounder(during.at)) yield { ...fault, during: { at, until: null } };
  else yield* simplerSpans(fault, during.at, during.until);
  if (fault.kind === 'partition') {
    for (const side of ['from', 'to'] as const) {
      if (fault[side].length < 2) continue;
      for (const left of fault[side]) yield { ...fault, [side]: fault[side].filter((node) => node !== left) };
    }
  }
}

function* simplerSpans(fault: Exclude<Fault, { when: unknown }>, at: number, until: number): Iterable<Fault> {
  const length = until - at;
  for (const start of rounder(at)) yield { ...fault, during: { at: start, until: start + length } };
  for (const end of rounder(until)) if (end > at) yield { ...fault, during: { at, until: end } };
  const half = Math.floor(length / 2);
  if (half < 1) return;
  yield { ...fault, during: { at, until: at + half } };
  yield { ...fault, during: { at: at + half, until } };
}

/** Earlier calls, each alone or all after a pause together with the faults after it, at rounder times. */
export function* earlierTimes(scenario: Scenario): Iterable<Scenario> {
  const { requests, faultsEndAt } = scenario;
  const times = [...new Set(requests.map(({ at }) => at))].sort((a, b) => a - b);
  if (times.some((at) => at > 0)) yield { ...scenario, requests: requests.map((request) => ({ ...request, at: 0 })) };
  for (const [place, time] of times.entries()) {
    const pause = time - (times[place - 1] ?? 0);
    for (const by of [pause, Math.floor(pause / 2)]) if (by > 0) yield earlier(scenario, time, by);
  }
  for (const [place, request] of requests.entries()) {
    for (const at of rounder(request.at)) yield { ...scenario, requests: requests.with(place, { ...request, at }) };
  }
  for (const end of rounder(faultsEndAt ?? 0)) yield { ...scenario, faultsEndAt: end };
}

/** Everything from a time on, so much earlier. */
function earlier(scenario: Scenario, from: number, by: number): Scenario {
  const moved = (time: number): number => (time < from ? time : Math.max(0, time - by));
  const faults = scenario.faults.map((text) => {
    const fault = parseFault(text);
    if ('when' in fault) return 'at' in fault.when ? faultText({ ...fault, when: { at: moved(fault.when.at) } }) : text;
    const { during } = fault;
    if (!('at' in during)) return text;
    const until = during.until === null ? null : moved(during.until);
    return faultText({ ...fault, during: { at: moved(during.at), until } });
  });
  const requests = scenario.requests.map((request) => ({ ...request, at: moved(request.at) }));
  const { faultsEndAt } = scenario;
  return { ...scenario, faults, requests, faultsEndAt: faultsEndAt === null ? null : moved(faultsEndAt) };
}

/** Smaller numbers among the arguments, and one word in place of two. */
export function* simplerArguments(scenario: Scenario): Iterable<Scenario> {
  const { requests } = scenario;
  const leaves = requests.flatMap(({ args }) => args.flatMap(leavesOf));
  const words = [...new Set(leaves.filter((leaf) => typeof leaf === 'string'))];
  const all = (change: (leaf: Serializable) => Serializable): Scenario => ({
    ...scenario,
    requests: requests.map((request) => ({ ...request, args: request.args.map((arg) => changed(arg, change)) })),
  });
  if (leaves.some(isLarge)) yield all((leaf) => (isLarge(leaf) ? 1 : leaf));
  for (const [place, word] of words.entries()) {
    for (const other of words.slice(0, place)) yield all((leaf) => (leaf === word ? other : leaf));
  }
  for (const [place, request] of requests.entries()) {
    for (const [number, arg] of request.args.entries()) {
      for (const simpler of simplerValues(arg)) {
        const args = request.args.with(number, simpler);
        yield { ...scenario, requests: requests.with(place, { ...request, args }) };
      }
    }
  }
}

const isLarge = (leaf: Serializable): leaf is number => typeof leaf === 'number' && leaf !== 0 && leaf !== 1;

function* simplerValues(value: Serializable): Iterable<Serializable> {
  for (const [place, leaf] of leavesOf(value).entries()) {
    if (!isLarge(leaf)) continue;
    for (const number of new Set([1, 2, Math.trunc(leaf / 2)])) {
      if (Math.abs(number) >= Math.abs(leaf)) continue;
      let at = -1;
      yield changed(value, (other) => {
        at += 1;
        return at === place ? number : other;
      });
    }
  }
}

/** What is in it that has no parts; values that JSON does not have are such too. */
function leavesOf(value: Serializable): Serializable[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return isRecord(value) ? Object.values(value).flatMap(leavesOf) : [value];
}

function changed(value: Serializable, change: (leaf: Serializable) => Serializable): Serializable {
  if (Array.isArray(value)) return value.map((part) => changed(part, change));
  if (!isRecord(value)) return change(value);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, changed(part, change)]));
}

function isRecord(value: Serializable): value is { readonly [name: string]: Serializable } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** 0, and the number with fewer digits, from the simplest to the nearest. */
function rounder(value: number): number[] {
  const numbers = [0, ...[1000, 100, 10, 1].map((unit) => Math.floor(value / unit) * unit)];
  return [...new Set(numbers)].filter((number) => number < value);
}

const fewer = (count: number): number[] => [...new Set([1, Math.ceil(count / 2)])].filter((number) => number < count);
