/**
 * The objects that histories can be judged against, by name.
 */
import type { Model } from './model.js';
import { bank } from './models/bank.js';
import { mutex, queue, set, stack } from './models/collections.js';
import { counter } from './models/counter.js';
import { kv, register } from './models/register.js';

export const models = { register, kv, counter, bank, queue, stack, set, mutex } satisfies Readonly<
  Record<string, Model>
>;

/** undefined: there is none of this name. */
export function modelNamed(name: string): Model | undefined {
  return Object.hasOwn(models, name) ? models[name as keyof typeof models] : undefined; // hasOwn does not narrow
}
