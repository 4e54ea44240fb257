/**
 * For those who test a service, or write a transport of their own.
 *
 * @packageDocumentation
 */
export * from './check/deliveries.js';
export { type Checked, type HistoryMatchers, historyMatchers } from './check/matchers.js';
export { VirtualClock } from './clock/virtual.js';
export { type ChartCounts, ChartCoverage, type ChartReport, type Share, type Tally } from './coverage/coverage.js';
export { chartTable } from './coverage/table.js';
export { type Fault, faultForms, parseFault } from './simulate/faults.js';
export type { Random } from './simulate/random.js';
export type { Workload } from './simulate/scenario.js';
export { ExecutionLog, judge, type Verdict, type WrongReply } from './simulate/verdict.js';
export { type PlannedRequest, type PlayedRequest, type PlaySettings, play } from './simulate/workload.js';
export { CostCounter, type RequestCosts } from './trace/costs.js';
export { digestRecorder, lineRecorder } from './trace/recorder.js';
export { transportAcceptance } from './transport/acceptance.js';
