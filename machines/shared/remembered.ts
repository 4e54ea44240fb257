/**
 * A rule that remembers its last result: a guard may ask what the rule would change, and the assign that follows in the
 * same transition does not work it out again. The rule is pure, so nobody can tell but by the time it takes.
 */
export function remembered<C extends object, E extends object, R>(
  rule: (context: C, event: E) => R,
): (context: C, event: E) => R {
  let last: { readonly context: C; readonly event: E; readonly result: R } | null = null;
  return (context, event) => {
    if (last === null || last.context !== context || last.event !== event) {
      last = { context, event, result: rule(context, event) };
    }
    return last.result;
  };
}
