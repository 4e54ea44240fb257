/**
 * A counter: the smallest service that there is.
 */
import { service } from 'chorale';
import type { Workload } from 'chorale/testing';

export const about = 'the smallest service: one number';

export default service('counter', {
  state: () => ({ value: 0 }),
  updates: {
    increment(state) {
      state.value += 1;
      return state.value;
    },
    add(state, amount: number) {
      state.value += amount;
      return state.value;
    },
  },
  queries: { value: (state) => state.value },
});

/** Random calls, for `chorale sim`. */
export const workload: Workload = (chance) => {
  const kind = chance.int(1, 3);
  if (kind === 1) return ['increment'];
  return kind === 2 ? ['add', chance.int(1, 9)] : ['value'];
};
