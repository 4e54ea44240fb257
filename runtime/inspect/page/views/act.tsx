/** What a viewer can do to the run: to the chosen node or message, to the network, and as a client. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Serializable } from '../../../../machines/shared/serializable.js';
import type { OperationForm } from '../../protocol.js';
import { endFault, inject, load, request } from '../deeds.js';
import { chosen, cursor, event, failure, opened, send, timeline, told } from '../model.js';
import './act.css';

export function Act(): JSX.Element {
  told.value;
  const { abilities, operations } = opened.value ?? { abilities: null, operations: [] };
  if (abilities === null) return <p class="note">Open a run first.</p>;
  return (
    <div class="act">
      {abilities.control && <Chosen />}
      {abilities.control && <Network />}
      {abilities.control && <InForce />}
      {abilities.request ? (
        <Request operations={operations} />
      ) : (
        <p class="note">
          {opened.value?.source === 'live'
            ? 'This live cluster lets you look. Requests from here are off: the application can allow them.'
            : 'This is a trace of what has happened: it can be looked at from all sides, and not changed.'}
        </p>
      )}
      {abilities.control && <Load />}
    </div>
  );
}

const Part = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element => (
  <section>
    <h3>{title}</h3>
    {children}
  </section>
);

const Deed = ({
  fault,
  children,
  bad = false,
}: {
  readonly fault: string;
  readonly children: ComponentChildren;
  readonly bad?: boolean;
}): JSX.Element => (
  <button type="button" class={bad ? 'bad' : ''} title={fault} data-do={fault} onClick={() => inject(fault)}>
    {children}
  </button>
);

function Chosen(): JSX.Element {
  const { value: choice } = chosen;
  const message = choice?.kind === 'message' ? choice.index : null;
  useEffect(() => {
    if (message !== null) send({ do: 'event', index: message });
  }, [message]);
  if (choice?.kind === 'node' || choice?.kind === 'actor') {
    const { node } = choice;
    const up = timeline.value.cutAt(cursor.value).nodes.get(node)?.up ?? true;
    const replica = node.startsWith('rm-');
    const views = [...timeline.value.cutAt(cursor.value).nodes.keys()].some((each) => each.startsWith('ms-'));
    return (
      <Part title={node}>
        <div class="deeds">
          {up ? (
            <Deed fault={`crash:${node}`} bad>
              Crash
            </Deed>
          ) : (
            <Deed fault={`recover:${node}`}>Recover</Deed>
          )}
          {up && <Deed fault={`slow:${node}:5`}>Slow by 5</Deed>}
          {up && <Deed fault={`omit-send:${node}:0.5`}>Send half</Deed>}
          {up && replica && <Deed fault={`lie:${node}`}>Lie</Deed>}
          {up && replica && <Deed fault={`silent:${node}`}>Keep silent</Deed>}
          {up && replica && views && <Deed fault={`suspect:${node}`}>Suspect</Deed>}
          {up && replica && views && <Deed fault={`leave:${node}`}>Leave</Deed>}
        </div>
      </Part>
    );
  }
  if (choice?.kind !== 'message')
    return <p class="note">Choose a node or a message on its way, and what you can do to it is here.</p>;
  const events = timeline.value;
  const whole = event.value?.index === choice.index ? event.value.event : null;
  const id = whole?.kind === 'sent' ? whole.id : null;
  const flying = id !== null && events.cutAt(cursor.value).flying.has(choice.index);
  const from = events.text(events.node.at(choice.index));
  const to = events.text(events.peer.at(choice.index));
  return (
    <Part title={`${events.text(events.word.at(choice.index))} from ${from} to ${to}`}>
      {flying ? (
        <div class="deeds">
          <Deed fault={`lose:${id}`} bad>
            Lose it
          </Deed>
          <Deed fault={`hold:${id}`}>Hold it back</Deed>
        </div>
      ) : (
        <p class="note">It is not on its way here. Step back to when it is, and it can be lost or held.</p>
      )}
    </Part>
  );
}

function Network(): JSX.Element {
  const loss = useSignal('0.2');
  const delay = useSignal('5..20');
  return (
    <Part title="Network">
      <div class="line">
        <label>
          loss
          <input
            value={loss.value}
            size={4}
            inputMode="decimal"
            onInput={({ currentTarget }) => {
              loss.value = currentTarget.value;
            }}
          />
        </label>
        <Deed fault={`loss:${loss.value}`}>Lose frames</Deed>
      </div>
      <div class="line">
        <label>
          delay
          <input
            value={delay.value}
            size={6}
            onInput={({ currentTarget }) => {
              delay.value = currentTarget.value;
            }}
          />
          ms
        </label>
        <Deed fault={`delay:${delay.value}ms`}>Slow down</Deed>
      </div>
      <Own />
    </Part>
  );
}

/** Any fault, in words. */
function Own(): JSX.Element {
  const text = useSignal('');
  return (
    <form
      class="line"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        if (text.value.trim() !== '') inject(text.value.trim());
      }}
    >
      <input
        aria-label="A fault in words"
        placeholder="crash:rm-2@EX#3"
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <button type="submit">Add fault</button>
    </form>
  );
}

function InForce(): JSX.Element | null {
  const faults = [...timeline.value.cutAt(cursor.value).faults];
  if (faults.length === 0) return null;
  return (
    <Part title="In force">
      <ul class="faults">
        {faults.map((fault) => (
          <li key={fault}>
            <code>{fault}</code>
            <button type="button" data-do={`end:${fault}`} onClick={() => endFault(fault)}>
              End
            </button>
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** What is typed as JSON is that, and anything else is a text. */
function valueIn(text: string): Serializable {
  try {
    return JSON.parse(text) as Serializable; // JSON is plain data
  } catch {
    return text;
  }
}

/** What is left empty at the end is not given: a parameter can be optional. `""` is an empty text. */
const given = (texts: readonly string[]): Serializable[] =>
  texts.slice(0, texts.findLastIndex((text) => text !== '') + 1).map(valueIn);

const typed = (example: Serializable | null): string =>
  example === null ? '' : typeof example === 'string' ? example : JSON.stringify(example);

function Request({ operations }: { readonly operations: readonly OperationForm[] }): JSX.Element {
  const client = useSignal('you');
  const op = useSignal<string | null>(null);
  const args = useSignal<Readonly<Record<string, string>>>({});
  const form = operations.find((each) => each.op === op.value) ?? operations[0];
  if (form === undefined) return <p class="note">The service has no operations.</p>;
  const textOf = (i: number): string => args.value[`${form.op} ${i}`] ?? typed(form.parameters[i]?.example ?? null);
  const submit = (submitted: Event): void => {
    submitted.preventDefault();
    if (client.value.trim() === '')
      failure.value = { code: 'INPUT_INVALID', message: 'A request needs a client: any name will do.' };
    else request(client.value.trim(), form.op, given(form.parameters.map((_, i) => textOf(i))));
  };
  return (
    <Part title="Send a request">
      <form class="request" onSubmit={submit}>
        <label>
          client
          <input
            value={client.value}
            onInput={({ currentTarget }) => {
              client.value = currentTarget.value;
            }}
          />
        </label>
        <label>
          operation
          <select
            value={form.op}
            onChange={({ currentTarget }) => {
              op.value = currentTarget.value;
            }}
          >
            {operations.map((each) => (
              <option key={each.op} value={each.op}>{`${each.op} (${each.kind})`}</option>
            ))}
          </select>
        </label>
        {form.parameters.map((parameter, i) => (
          <label key={`${form.op} ${parameter.name}`}>
            {parameter.name}
            <input
              value={textOf(i)}
              placeholder="a text, or JSON"
              onInput={({ currentTarget }) => {
                args.value = { ...args.value, [`${form.op} ${i}`]: currentTarget.value };
              }}
            />
          </label>
        ))}
        <button type="submit" class="main" data-do="request">
          Send
        </button>
      </form>
    </Part>
  );
}

function Load(): JSX.Element {
  const clients = useSignal(3);
  const each = useSignal(20);
  const number = ({ value }: HTMLInputElement): number => Math.max(1, Math.round(Number(value) || 1));
  return (
    <Part title="Add load">
      <div class="line">
        <input
          type="number"
          min={1}
          max={50}
          aria-label="Clients"
          value={clients.value}
          onChange={({ currentTarget }) => {
            clients.value = number(currentTarget);
          }}
        />
        clients ×
        <input
          type="number"
          min={1}
          max={1000}
          aria-label="Requests of each"
          value={each.value}
          onChange={({ currentTarget }) => {
            each.value = number(currentTarget);
          }}
        />
        requests
        <button type="button" data-do="load" onClick={() => load(clients.value, each.value)}>
          Add
        </button>
      </div>
    </Part>
  );
}
