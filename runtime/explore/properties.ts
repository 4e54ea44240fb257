/**
 * What must hold in what is explored: in every state, in some state, or at some time on every way that ends.
 */
import type { Property } from './configuration.js';

/** It holds in every state. */
export const always = (name: string, holds: Property['holds']): Property => ({ kind: 'always', name, holds });

/** It holds in some state: a goal that can be reached. */
export const sometimes = (name: string, holds: Property['holds']): Property => ({ kind: 'sometimes', name, holds });

/**
 * On every way that ends, it holds in some state. A way ends where nothing happens any more but for further
 * faults. Ways that go round for ever are not looked at.
 */
export const eventually = (name: string, holds: Property['holds']): Property => ({ kind: 'eventually', name, holds });
