/**
 * The protocols, as statecharts: for those who run, draw or explore them by themselves.
 *
 * @packageDocumentation
 */
export { active } from './active/index.js';
export { local } from './local/index.js';
export * from './multicast/index.js';
export { passive } from './passive/index.js';
export * from './shared/effects.js';
export * from './shared/identifiers.js';
export * from './shared/lamport-clock.js';
export * from './shared/machine.js';
export type * from './shared/object.js';
export * from './shared/phases.js';
export type * from './shared/requests.js';
export type { Serializable } from './shared/serializable.js';
export type { MessageShapes, Shape } from './shared/shapes.js';
export type * from './shared/style.js';
export * from './shared/vector-timestamp.js';
