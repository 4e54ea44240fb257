/** A new run: which service, which protocol, on what network. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { orders } from '../../../../machines/multicast/order.js';
import type { Scenario } from '../../../simulate/scenario.js';
import { opened, send, standing } from '../model.js';
import { pause } from '../playback.js';
import './setup.css';

/** What can be told about a style before it is run; the rest it says itself when it refuses. */
const styles: Readonly<
  Record<
    Scenario['replication'],
    {
      readonly about: string;
      readonly orders: readonly Scenario['order'][];
      readonly reads: readonly Scenario['reads'][];
      readonly memberships: readonly ('static' | 'dynamic')[];
    }
  >
> = {
  active: {
    about: 'Every replica executes every request, in one total order.',
    orders: ['total', 'fifo-total', 'causal-total'],
    reads: ['order', 'one'],
    memberships: ['static', 'dynamic'],
  },
  passive: {
    about: 'The primary executes, and its backups take over what changed.',
    orders: ['fifo'],
    reads: ['primary', 'backups'],
    memberships: ['dynamic'],
  },
  lazy: {
    about: 'The master answers at once; its slaves catch up later.',
    orders: ['fifo'],
    reads: ['backups', 'primary'],
    memberships: ['dynamic'],
  },
  local: {
    about: 'Each replica answers from its own state and tells the others later. Here to show what goes wrong.',
    orders: ['unordered', 'fifo', 'causal', 'total'],
    reads: ['one'],
    memberships: ['static'],
  },
};

/** What is filled in: for which of the runs that were opened it is, for it means nothing for another. */
const draft = signal<{ readonly of: typeof opened.value; readonly change: Partial<Scenario> }>({
  of: null,
  change: {},
});

export function Setup(): JSX.Element {
  const run = standing.value.run ?? opened.value?.run ?? null;
  if (run === null) return <p class="note">A live cluster has the settings that its application gave it.</p>;
  const drafted = draft.value.of === opened.value ? draft.value.change : {};
  const now: Scenario = { ...run.scenario, ...drafted };
  const style = styles[now.replication];
  const change = (change: Partial<Scenario>): void => {
    draft.value = { of: opened.value, change: { ...drafted, ...change } };
  };
  const restyle = (replication: Scenario['replication']): void => {
    const next = styles[replication];
    const { membership: _, ...more } = now.more ?? {};
    change({
      replication,
      order: next.orders[0] as Scenario['order'],
      reads: next.reads[0] as Scenario['reads'],
      more,
    }); // none is empty
  };
  const start = (submitted: Event): void => {
    submitted.preventDefault();
    draft.value = { of: null, change: {} };
    pause();
    send({ do: 'open', run: { ...run, scenario: now } });
  };
  const number = (
    name: string,
    value: number,
    least: number,
    most: number,
    set: (value: number) => void,
    step = 1,
  ): JSX.Element => (
    <label>
      {name}
      <input
        type="number"
        value={value}
        min={least}
        max={most}
        step={step}
        required
        onChange={({ currentTarget }) => {
          if (currentTarget.reportValidity()) set(Number(currentTarget.value));
        }}
      />
    </label>
  );
  return (
    <form class="setup" onSubmit={start}>
      <label>
        style
        <select
          value={now.replication}
          data-setting="replication"
          onChange={({ currentTarget }) => restyle(currentTarget.value as Scenario['replication'])}
        >
          {Object.keys(styles).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="note">{style.about}</p>
      {number('replicas', now.replicas, 1, 9, (replicas) => change({ replicas }))}
      <label>
        order
        <select
          value={now.order}
          onChange={({ currentTarget }) => change({ order: currentTarget.value as Scenario['order'] })}
        >
          {orders
            .filter((order) => style.orders.includes(order))
            .map((order) => (
              <option key={order}>{order}</option>
            ))}
        </select>
      </label>
      <label>
        reads
        <select
          value={now.reads}
          onChange={({ currentTarget }) => change({ reads: currentTarget.value as Scenario['reads'] })}
        >
          {[...new Set([...style.reads, now.reads])].map((reads) => (
            <option key={reads}>{reads}</option>
          ))}
        </select>
      </label>
      {style.memberships.length > 1 && (
        <label>
          members
          <select
            value={now.more?.membership ?? style.memberships[0]}
            onChange={({ currentTarget }) =>
              change({ more: { ...now.more, membership: currentTarget.value as 'static' | 'dynamic' } })
            }
          >
            <option value="static">the same for good</option>
            <option value="dynamic">come and go</option>
          </select>
        </label>
      )}
      {now.replication === 'active' && (
        <label>
          faulty ones
          <select
            value={now.tolerate}
            onChange={({ currentTarget }) => change({ tolerate: currentTarget.value as Scenario['tolerate'] })}
          >
            <option value="crash">stop</option>
            <option value="byzantine">may lie (votes)</option>
          </select>
        </label>
      )}
      {number(
        'delay from',
        now.delay[0],
        0,
        1000,
        (least) => change({ delay: [least, Math.max(least, now.delay[1])] }),
        0.1,
      )}
      {number(
        'delay to',
        now.delay[1],
        0,
        1000,
        (most) => change({ delay: [Math.min(now.delay[0], most), most] }),
        0.1,
      )}
      {number('loss', now.loss, 0, 0.9, (loss) => change({ loss }), 0.01)}
      {number('seed', now.seed, 0, 2 ** 32 - 1, (seed) => change({ seed }))}
      <p class="note">
        {`${now.requests.length} requests of ${new Set(now.requests.map(({ client }) => client)).size} clients` +
          (now.faults.length === 0 ? ', no faults.' : `; faults: ${now.faults.join(', ')}`)}
      </p>
      {now.faults.length > 0 && (
        <button type="button" onClick={() => change({ faults: [] })}>
          Without faults
        </button>
      )}
      <button type="submit" class="main" data-do="open">
        Run it from the beginning
      </button>
    </form>
  );
}
