/**
 * For those who test a service, or write a transport of their own.
 *
 * @packageDocumentation
 */
export * from './check/deliveries.js';
export { VirtualClock } from './clock/virtual.js';
export { type Fault, faultForms, faultText, parseFault } from './simulate/faults.js';
export { type LivenessViolation, livenessViolations } from './simulate/liveness.js';
export { drawProfile, type Profile, type ProfileName, profileFor, profileNames } from './simulate/profile.js';
export { ExecutionLog, judge, type Verdict, type WrongReply } from './simulate/verdict.js';
export {
  type Liveness,
  type PlannedRequest,
  type PlayedRequest,
  type PlaySettings,
  play,
} from './simulate/workload.js';
export { CostCounter, type RequestCosts } from './trace/costs.js';
export { digestRecorder, lineRecorder } from './trace/recorder.js';
export { transportAcceptance } from './transport/acceptance.js';
