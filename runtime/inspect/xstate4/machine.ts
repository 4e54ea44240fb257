/**
 * A machine of XState 5 in the words of XState 4: what its `createMachine` can read, as plain JSON. Every state keeps its id and every target
 * names one. Guards, actions and delays are names: whoever reads it sees them, and only XState 5 runs them.
 */

/** What is read of XState 5's state nodes: its types are not at hand where `xstate` is version 4. */
interface StateNode5 {
  readonly key: string;
  readonly id: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly history: false | 'shallow' | 'deep';
  /** Of a history state: where it leads before there is any, from the state around it. */
  readonly config: { readonly target?: unknown };
  readonly states: Readonly<Record<string, StateNode5>>;
  readonly initial?: { readonly target: readonly StateNode5[] };
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly tags: readonly string[];
  readonly description?: string;
  readonly parent?: StateNode5;
  readonly always?: readonly Transition5[];
  readonly transitions: ReadonlyMap<string, readonly Transition5[]>;
}

interface Transition5 {
  readonly target?: readonly StateNode5[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
  readonly delay?: unknown;
}

interface Transition4 {
  readonly target?: readonly string[];
  readonly cond?: string;
  readonly actions: readonly string[];
  readonly internal?: boolean;
  readonly delay?: string | number;
}

/** A part of the config of a machine of XState 4. */
export interface State4 {
  readonly id: string;
  readonly key: string;
  readonly type?: 'parallel' | 'final' | 'history';
  readonly history?: 'shallow' | 'deep';
  readonly target?: string;
  readonly initial?: string;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly tags: readonly string[];
  readonly description?: string;
  readonly on: Readonly<Record<string, readonly Transition4[]>>;
  readonly after: readonly Transition4[];
  readonly always: readonly Transition4[];
  readonly onDone?: readonly Transition4[];
  readonly states: Readonly<Record<string, State4>>;
}

export function machine4(machine: object): State4 {
  if (!('root' in machine)) throw new TypeError('Only machines of XState 5 can be shown.');
  return stateOf(machine.root as StateNode5); // XState keeps a machine's states there
}

function stateOf(node: StateNode5): State4 {
  const { id, key, type, history, config, description, tags } = node;
  const initial = node.initial?.target[0];
  const all = [...node.transitions];
  const done = `xstate.done.state.${id}`;
  const completion = node.transitions.get(done);
  return {
    id,
    key,
    ...(type === 'atomic' || type === 'compound' ? {} : { type }),
    ...(type === 'history' ? { history: history === false ? 'shallow' : history } : {}),
    ...(typeof config.target === 'string' ? { target: config.target } : {}),
    ...(initial === undefined || type !== 'compound' ? {} : { initial: childTowards(node, initial).key }),
    ...(description === undefined ? {} : { description }),
    entry: node.entry.filter(isOwn).map(nameOf),
    exit: node.exit.filter(isOwn).map(nameOf),
    tags: [...tags],
    on: Object.fromEntries(
      all
        .filter(([event, branches]) => event !== done && !branches.some(isDelayed))
        .map(([event, branches]) => [event, branches.map(transitionOf)]),
    ),
    after: all.flatMap(([, branches]) => branches.filter(isDelayed).map(transitionOf)),
    always: (node.always ?? []).map(transitionOf),
    // a root that had one, be it empty, would be warned of
    ...(completion === undefined ? {} : { onDone: completion.map(transitionOf) }),
    states: Object.fromEntries(Object.entries(node.states).map(([name, state]) => [name, stateOf(state)])),
  };
}

const isDelayed = ({ delay }: Transition5): boolean => delay !== undefined;

/** XState 5 adds the actions that set and cancel the timers of `after`: XState 4 has its own. */
function isOwn(action: unknown): boolean {
  if (typeof action !== 'function') return true;
  const timer = 'sendId' in action ? action.sendId : 'id' in action ? action.id : null;
  return !(typeof timer === 'string' && timer.startsWith('xstate.after.'));
}

function transitionOf({ target, guard, actions, reenter, delay }: Transition5): Transition4 {
  return {
    ...(target === undefined ? {} : { target: target.map(({ id }) => `#${id}`) }),
    ...(guard === undefined ? {} : { cond: guardName(guard) }),
    actions: actions.map(nameOf),
    // XState 4 leaves and enters again unless it is told not to; XState 5 the other way round
    internal: !reenter,
    ...(delay === undefined ? {} : { delay: typeof delay === 'number' ? delay : nameOf(delay) }),
  };
}

/** The child of `node` on the way to a state below it. */
function childTowards(node: StateNode5, below: StateNode5): StateNode5 {
  let child = below;
  while (child.parent !== undefined && child.parent !== node) child = child.parent;
  return child;
}

/** `isFull`, `not(isFull)`, `and(isFull, isOpen)`. */
function guardName(guard: unknown): string {
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards))
    return `${guard.name}(${guard.guards.map(guardName).join(', ')})`;
  return nameOf(guard);
}

/** XState 4 would carry out what is named as its own actions are: those lose the prefix. */
function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  const name = typeof part === 'object' || typeof part === 'function' ? namePart(part) : null;
  return (name ?? 'anonymous').replace(/^xstate\./, '');
}

function namePart(part: object | null): string | null {
  if (part !== null && 'type' in part && typeof part.type === 'string') return part.type;
  if (typeof part === 'function' && part.name !== '') return part.name;
  return null;
}
