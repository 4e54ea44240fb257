/** The context of the chosen actor at the cursor, as a tree, with what its last event changed. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import type { Serializable } from '../../../../machines/shared/serializable.js';
import { act } from '../deeds.js';
import { chosen, context, opened } from '../model.js';
import { type Difference, differencesOf, isTree, summaryOf } from './difference.js';
import './state.css';

export function StateView(): JSX.Element {
  const { value: choice } = chosen;
  if (opened.value?.abilities.context === 'none')
    return <Empty>This trace says what happened, and not what the actors knew: there is no run to ask.</Empty>;
  if (choice?.kind !== 'actor') return <Empty>Choose an actor in the cluster, and its context is shown here.</Empty>;
  const { value: at } = context;
  if (at === null || at.node !== choice.node || at.actor !== choice.actor) return <Empty>…</Empty>;
  if (at.context === null)
    return <Empty>{`${choice.actor} of ${choice.node} is not running here, or what it knew is no longer kept.`}</Empty>;
  const differences = at.before === null ? new Map<string, Difference>() : differencesOf(at.before, at.context);
  return (
    <div class="state">
      <p class="heading">
        <strong>{choice.actor}</strong> of {choice.node}
        {at.event !== null && (
          <>
            {' after '}
            <code>{at.event}</code>
            {differences.size === 0 ? ', which changed nothing here' : ''}
          </>
        )}
      </p>
      <div>
        {entriesOf(at.context).map(([name, value]) => (
          <Field key={name} name={name} path={name} value={value} differences={differences} depth={0} />
        ))}
      </div>
    </div>
  );
}

const Empty = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="state empty">{children}</p>
);

const entriesOf = (value: Serializable): [string, Serializable][] =>
  isTree(value) ? (Object.entries(value) as [string, Serializable][]) : [['', value]]; // plain data, by the protocol

interface FieldProps {
  readonly name: string;
  readonly path: string;
  readonly value: Serializable;
  readonly differences: ReadonlyMap<string, Difference>;
  readonly depth: number;
}

function Field({ name, path, value, differences, depth }: FieldProps): JSX.Element {
  const difference = differences.get(path);
  const inner = isTree(value) ? entriesOf(value) : [];
  const open = useSignal<boolean | null>(null);
  const shown = open.value ?? (depth < 1 && (inner.length <= 6 || difference !== undefined));
  const toggle = (): void => {
    open.value = !shown;
  };
  const folds = inner.length > 0;
  return (
    <div class={`field ${difference ?? ''}`}>
      <div
        class={`row ${folds ? 'folds' : ''}`}
        {...(folds
          ? { role: 'button', tabIndex: 0, 'aria-expanded': shown, onClick: toggle, onKeyDown: act(toggle) }
          : {})}
      >
        <span class="fold" aria-hidden="true">
          {folds ? (shown ? '▾' : '▸') : ''}
        </span>
        <span class="key">{name}</span>
        {(!folds || !shown) && <span class="value">{summaryOf(value)}</span>}
        {difference !== undefined && !folds && <span class="mark">{difference}</span>}
      </div>
      {folds && shown && (
        <div class="inner">
          {inner.map(([key, each]) => (
            <Field
              key={key}
              name={key}
              path={`${path}.${key}`}
              value={each}
              differences={differences}
              depth={depth + 1}
            />
          ))}
        </div>
      )}
    </div>
  );
}
