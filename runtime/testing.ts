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
export { type Fault, faultForms, faultText, parseFault } from './simulate/faults.js';
export { type LivenessViolation, livenessViolations } from './simulate/liveness.js';
export { drawProfile, type Profile, type ProfileName, profileFor, profileNames } from './simulate/profile.js';
export type { Random } from './simulate/random.js';
export { drawScenario, type Exercise, type Scenario, type Workload } from './simulate/scenario.js';
export { historyOf, type ServiceOperation, serviceModel } from './simulate/service-history.js';
export { type Trial, type TrialSettings, type TrialViolation, tryScenario } from './simulate/trial.js';
export { ExecutionLog, judge, type Verdict, type WrongReply } from './simulate/verdict.js';
export {
  type Liveness,
  type PlannedRequest,
  type PlayedRequest,
  type PlaySettings,
  play,
} from './simulate/workload.js';
export { type StorageUnderTest, storageAcceptance } from './storage/acceptance.js';
export { CostCounter, type RequestCosts } from './trace/costs.js';
export { digestRecorder, lineRecorder } from './trace/recorder.js';
export { transportAcceptance } from './transport/acceptance.js';
