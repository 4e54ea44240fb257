/**
 * A statechart as plain data: what the page draws, and what a live cluster sends to it. Names of states and transitions are those
 * of the coverage report (runtime/coverage/chart.ts), so that what was taken can be shown on the drawing.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { COUNT, guardName, stateName, transitionsOf, trigger } from '../../coverage/chart.js';

export interface StateDescription {
  /** Path in the chart: `normal.active`. Empty for the root. */
  readonly name: string;
  /** Last part of the path; the chart's id for the root. */
  readonly label: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Name of the state that it begins with; null where it has none. */
  readonly initial: string | null;
  readonly tags: readonly string[];
  /** Names of actions. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly states: readonly StateDescription[];
}

export interface TransitionDescription {
  /** No two of a chart have the same. */
  readonly name: string;
  /** Name of the state where it starts; empty for the root. */
  readonly from: string;
  /** Names of states; empty for one that stays where it is. */
  readonly to: readonly string[];
  /** `delivered`, `after retryAfter`, `always`, `done`. */
  readonly trigger: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
}

export interface ChartDescription {
  /** The machine's id. */
  readonly chart: string;
  readonly root: StateDescription;
  readonly transitions: readonly TransitionDescription[];
}

export const describe = (machine: AnyStateMachine): ChartDescription => ({
  chart: machine.id,
  root: stateDescription(machine.root),
  transitions: transitionsOf(machine).map(({ name, transition }) => ({
    name,
    from: pathOf(transition.source),
    to: transition.target?.map(pathOf) ?? [],
    trigger: trigger(transition),
    guard: guardOf(transition),
    actions: namesOf(transition.actions),
  })),
});

const stateDescription = (node: AnyStateNode): StateDescription => ({
  name: pathOf(node),
  label: node.key,
  kind: node.type,
  initial: node.type === 'compound' && node.initial.target[0] !== undefined ? pathOf(node.initial.target[0]) : null,
  tags: node.tags,
  entry: namesOf(node.entry),
  exit: namesOf(node.exit),
  states: Object.values(node.states).map(stateDescription),
});

const pathOf = (node: AnyStateNode): string => (node.parent === undefined ? '' : stateName(node));

/** A guard without a name is one all the same. */
const guardOf = (transition: Parameters<typeof guardName>[0]): string | null =>
  transition.guard === undefined ? null : guardName(transition) || 'guarded';

/** The actions that somebody wrote: XState has its own for delays, and the coverage report for counts. */
const namesOf = (actions: readonly unknown[]): string[] => actions.filter(isWritten).map(actionName);

/** What XState's `assign`, `emit`, `raise` and `cancel` leave on the functions that they make. */
interface Made {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly assignment?: unknown;
  readonly event?: unknown;
  readonly id?: unknown;
  readonly sendId?: unknown;
}

function isWritten(action: unknown): boolean {
  if (typeof action !== 'function') return true;
  const { type, id, sendId }: Made = action;
  return type !== COUNT && !isDelay(id) && !isDelay(sendId);
}

const isDelay = (id: unknown): boolean => typeof id === 'string' && id.startsWith('xstate.after.');

/** By its name in the setup, or by that of the rule that it calls; else by what kind of action it is. */
function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const { type, name, assignment, event }: Made = action as object; // a string, a function or an object: XState takes no other
  if (type === 'xstate.assign') return ruleName(assignment) ?? 'assign';
  if (type === 'xstate.emit') return ruleName(event) ?? told('emit', event);
  if (type === 'xstate.raise') return told('raise', event);
  if (typeof type === 'string') return type.replace(/^xstate\./, '');
  return typeof name === 'string' && name !== '' ? name : 'action';
}

const told = (verb: string, event: unknown): string => {
  const { type } = Object(event) as { readonly type?: unknown }; // of whatever it is, only this is read
  return typeof type === 'string' ? `${verb} ${type}` : verb;
};

/** What a bundler puts behind a name that it has met before. */
const again = /\$\d+$/;
/** A name as short as this is none: it is what a bundler makes of one. */
const SHORT = 2;

/** An arrow function without a name is there to call a rule with what it needs: the first that its expression calls. */
function ruleName(rule: unknown): string | null {
  if (typeof rule !== 'function') return null;
  const name = (rule.name || called(rule.toString())).replace(again, '');
  return name.length > SHORT ? name : null;
}

function called(text: string): string {
  const [, body = ''] = text.split('=>');
  if (body.trimStart().startsWith('{')) return '';
  return body.match(/(?<![.\w$])[A-Za-z_$][\w$]+(?=\()/)?.[0] ?? '';
}
