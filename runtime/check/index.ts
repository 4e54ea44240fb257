/**
 * Histories, and checks of what they keep to. It imports nothing of the rest and runs in a browser too.
 *
 * @packageDocumentation
 */
export { causal } from './causal.js';
export * from './check.js';
export * from './convergence.js';
export * from './exactly-once.js';
export * from './history.js';
export { formatHistory, HistoryError, parseHistory } from './history-file.js';
export { linearizable } from './linearizable.js';
export { begunWith, type Model, OperationError } from './model.js';
export { modelNamed, models } from './models.js';
export { sequential } from './sequential.js';
export { type SessionGuarantee, session, sessionGuarantees, sessions } from './sessions.js';
export { smallestPart } from './smallest.js';
export * from './verdict.js';
export { inWords } from './wording.js';
