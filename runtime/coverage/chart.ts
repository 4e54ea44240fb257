/**
 * The parts of a statechart by names that people read: each state by its path, each transition by where it starts, what
 * sets it off and where it leads. Branches of one guarded list are transitions of their own. Pure, but for `mark`.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

export interface ChartState {
  readonly name: string;
  readonly node: AnyStateNode;
}

export interface ChartTransition {
  /** `awaiting --delivered--> executing`; `reading --replies [noReadIsOut]--> waiting`; `starting --always #2--> awaiting`. */
  readonly name: string;
  readonly transition: AnyTransitionDefinition;
}

/** In document order. The root is always entered, and what history remembers are other states: neither is listed. */
export const statesOf = ({ root }: AnyStateMachine): ChartState[] =>
  nodesBelow(root)
    .filter((node) => node !== root && node.type !== 'history')
    .map((node) => ({ name: stateName(node), node }));

/** In document order: those of a state stand together, no two of a chart have the same name. */
export const transitionsOf = ({ root }: AnyStateMachine): ChartTransition[] =>
  nodesBelow(root).flatMap((node) =>
    [...node.transitions.values(), node.always ?? []].flatMap((branches) => {
      const labels = branches.map(guardName);
      return branches.map((transition, i) => {
        const guard = labels[i] ?? '';
        const parts = [trigger(transition)];
        if (guard !== '') parts.push(`[${guard}]`);
        if (branches.length > 1 && (guard === '' || labels.indexOf(guard) !== labels.lastIndexOf(guard)))
          parts.push(`#${i + 1}`);
        return { name: `${stateName(node)} --${parts.join(' ')}--> ${destination(transition)}`, transition };
      });
    }),
  );

const nodesBelow = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesBelow)];

export const stateName = (node: AnyStateNode): string =>
  node.parent === undefined ? '(any state)' : node.path.join('.');

/** A transition without a target stays where the machine is, whatever state that is. */
const destination = ({ target }: AnyTransitionDefinition): string =>
  target === undefined ? '(same state)' : target.map(stateName).join(', ');

/** What sets it off, as its name has it. XState's own event types carry the id of their state, which the name of the transition says already. */
export function trigger(transition: AnyTransitionDefinition): string {
  const { eventType, source } = transition;
  if (eventType === '') return 'always';
  if ('delay' in transition) return `after ${String(transition.delay)}`;
  return eventType === `xstate.done.state.${source.id}` ? 'done' : eventType;
}

/** Empty where there is none, or nobody named it. */
export function guardName({ guard }: AnyTransitionDefinition): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  return typeof guard === 'function' ? guard.name : guard.type;
}

/** Type of the actions that only count. */
export const COUNT = 'chorale.count';

/**
 * Has `count` called whenever this transition is taken, or this state entered. XState resolves the actions of a transition only
 * once it has been chosen for good, in whatever way the machine is run, and those of a state only when it is entered; an
 * action that has a `resolve` is called right then, and one without an `execute` leaves nothing to be done after. It
 * stands last, so what a rule's exception breaks off is not counted. The configuration's own lists, which other machines
 * may share, are left alone.
 */
export function mark(part: ChartState | ChartTransition, count: () => void): void {
  const action = Object.assign(() => {}, {
    type: COUNT,
    resolve(_scope: unknown, snapshot: unknown) {
      count();
      return [snapshot, undefined, undefined];
    },
  });
  if ('node' in part) part.node.entry = [...part.node.entry, action];
  else part.transition.actions = [...part.transition.actions, action];
}
