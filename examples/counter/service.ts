/**
 * A counter: the smallest service that there is.
 */
import { service } from 'chorale';

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
