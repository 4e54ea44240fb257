/**
 * The cluster at the cursor: nodes with what their actors are at, messages on their way, cuts, and views. A line drawn across it is a
 * partition.
 */
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { cutsOf } from '../cuts.js';
import { act, inject } from '../deeds.js';
import { choose, chosen, cursor, nodes, opened, timeline, told } from '../model.js';
import { time } from '../playback.js';
import { categoryOf, requestOf } from '../requests.js';
import { useSize } from '../size.js';
import './cluster.css';
import { flightsAt, lossesAt } from './flights.js';
import { type Card, cardsFor, type Place, sidesOf, wayPoint } from './places.js';

export function ClusterView(): JSX.Element {
  const [box, size] = useSize();
  const line = useSignal<readonly [Place, Place] | null>(null);
  const cards = useComputed(() => {
    told.value;
    const cut = timeline.value.cutAt(cursor.value);
    return cardsFor(nodes.value, cut, size.value);
  });
  const controllable = opened.value?.abilities.control === true;
  const pointOf = (event: PointerEvent): Place => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect(); // the listener is the svg's
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const finish = (): void => {
    const drawn = line.value;
    line.value = null;
    if (drawn === null || Math.hypot(drawn[0].x - drawn[1].x, drawn[0].y - drawn[1].y) < 40) return;
    const [here, there] = sidesOf([...cards.value.values()], drawn);
    if (here.length > 0 && there.length > 0) inject(`partition:${here.join(',')}|${there.join(',')}`);
  };
  return (
    <div class="cluster" ref={box}>
      <svg
        role="group"
        aria-label="Cluster: nodes and messages on their way"
        data-export="cluster"
        width={size.value.width}
        height={size.value.height}
        onPointerDown={(event) => {
          if (!controllable || event.button !== 0 || (event.target as Element).closest('.node, .flight') !== null)
            return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const point = pointOf(event);
          line.value = [point, point];
        }}
        onPointerMove={(event) => {
          if (line.value !== null) line.value = [line.value[0], pointOf(event)];
        }}
        onPointerUp={finish}
        onPointerCancel={() => {
          line.value = null;
        }}
      >
        <Links cards={cards.value} />
        <Flights cards={cards.value} />
        {[...cards.value.values()].map((card) => (
          <NodeCard key={card.node} card={card} controllable={controllable} />
        ))}
        {line.value !== null && (
          <line class="drawn" x1={line.value[0].x} y1={line.value[0].y} x2={line.value[1].x} y2={line.value[1].y} />
        )}
      </svg>
      <ViewLine />
      {nodes.value.length === 0 && <p class="empty">Nothing has happened yet. Press Run, or take one step.</p>}
      {controllable && nodes.value.length > 1 && (
        <p class="hint">Drag a line between nodes to cut the network there.</p>
      )}
    </div>
  );
}

type Cards = ReadonlyMap<string, Card>;

/** The ways that messages have taken, and those that are cut. */
function Links({ cards }: { readonly cards: Cards }): JSX.Element {
  const cut = timeline.value.cutAt(cursor.value);
  const cuts = cutsOf(cut.faults);
  const all = [...cards.values()];
  return (
    <g class="links">
      {all.flatMap((a, i) =>
        all.slice(i + 1).map((b) => {
          const gone = cuts.has(`${a.node}>${b.node}`);
          const back = cuts.has(`${b.node}>${a.node}`);
          if (!gone && !back)
            return <line key={`${a.node} ${b.node}`} x1={a.center.x} y1={a.center.y} x2={b.center.x} y2={b.center.y} />;
          const middle = { x: (a.center.x + b.center.x) / 2, y: (a.center.y + b.center.y) / 2 };
          const turn = (Math.atan2(b.center.y - a.center.y, b.center.x - a.center.x) * 180) / Math.PI;
          return (
            <g key={`${a.node} ${b.node}`} class="cut">
              <line x1={a.center.x} y1={a.center.y} x2={b.center.x} y2={b.center.y} />
              <g transform={`translate(${middle.x} ${middle.y}) rotate(${turn})`}>
                <path
                  d={gone && back ? 'M-5 -5L5 5M-5 5L5 -5' : gone ? 'M-4 -6L4 0L-4 6M6 -6V6' : 'M4 -6L-4 0L4 6M-6 -6V6'}
                />
              </g>
            </g>
          );
        }),
      )}
    </g>
  );
}

/** Most messages whose type is written beside them. */
const LABELLED = 14;

function Flights({ cards }: { readonly cards: Cards }): JSX.Element {
  told.value;
  const events = timeline.value;
  const flights = flightsAt(events, cursor.value, time.value);
  const losses = lossesAt(events, cursor.value, time.value);
  return (
    <g class="flights">
      {flights.map(({ index, share }) => {
        const from = cards.get(events.text(events.node.at(index)));
        const to = cards.get(events.text(events.peer.at(index)));
        if (from === undefined || to === undefined) return null;
        const { x, y } = wayPoint(from, to, share);
        const control = events.control.at(index) === 1;
        const type = events.text(events.word.at(index));
        const picked = chosen.value?.kind === 'message' && chosen.value.index === index;
        const pick = (): void => choose({ kind: 'message', index });
        return (
          <g
            key={index}
            class={`flight ${control ? 'control' : ''} ${picked ? 'picked' : ''} ${categoryOf(events.request.at(index))}`}
            transform={`translate(${x} ${y})`}
            role="button"
            tabIndex={0}
            aria-label={`${type} from ${events.text(events.node.at(index))} to ${events.text(events.peer.at(index))}${requestOf(events, index)}`}
            onClick={pick}
            onKeyDown={act(pick)}
          >
            <circle class="reach" r={12} />
            <circle class="dot" r={control ? 3.5 : 6} />
            {(picked || (!control && flights.length <= LABELLED)) && (
              <text x={10} y={4}>
                {type}
              </text>
            )}
          </g>
        );
      })}
      {losses.map((index) => {
        const from = cards.get(events.text(events.node.at(index)));
        const to = cards.get(events.text(events.peer.at(index)));
        if (from === undefined || to === undefined) return null;
        const { x, y } = wayPoint(from, to, 0.5);
        return (
          <g key={index} class="loss" transform={`translate(${x} ${y})`}>
            <path d="M-6 -6L6 6M-6 6L6 -6" />
            <text x={10} y={4}>{`${events.text(events.word.at(index))} lost`}</text>
          </g>
        );
      })}
    </g>
  );
}

function NodeCard({ card, controllable }: { readonly card: Card; readonly controllable: boolean }): JSX.Element {
  const { node, x, y, width, height, rows, up } = card;
  const { value: choice } = chosen;
  const picked = (choice?.kind === 'node' || choice?.kind === 'actor') && choice.node === node;
  const pick = (): void => choose({ kind: 'node', node });
  const strike = (): void => inject(`${up ? 'crash' : 'recover'}:${node}`);
  return (
    <g class={`node ${up ? '' : 'down'} ${picked ? 'picked' : ''}`} transform={`translate(${x} ${y})`}>
      <rect
        width={width}
        height={height}
        rx={6}
        role="button"
        tabIndex={0}
        aria-label={`Node ${node}${up ? '' : ', down'}`}
        onClick={pick}
        onKeyDown={act(pick)}
      />
      <text class="name" x={10} y={19}>
        {node}
        {card.badge !== '' && (
          <tspan class="badge" dx={7}>
            {card.badge}
          </tspan>
        )}
      </text>
      {controllable && (
        <g
          class="strike"
          transform={`translate(${width - 15} 14)`}
          role="button"
          tabIndex={0}
          aria-label={`${up ? 'Crash' : 'Recover'} ${node}`}
          data-do={`${up ? 'crash' : 'recover'}:${node}`}
          onClick={strike}
          onKeyDown={act(strike)}
        >
          <title>{`${up ? 'Crash' : 'Recover'} ${node}`}</title>
          <circle r={9} />
          <path d={up ? 'M-3 -3L3 3M-3 3L3 -3' : 'M-3.5 0H3.5M0 -3.5V3.5'} />
        </g>
      )}
      {rows.map((row, i) => {
        const chosenHere = choice?.kind === 'actor' && choice.node === node && choice.actor === row.actor;
        const open = (): void => choose({ kind: 'actor', node, actor: row.actor });
        return (
          <g
            key={row.actor}
            class={`actor ${chosenHere ? 'picked' : ''} ${row.fresh ? 'fresh' : ''}`}
            transform={`translate(0 ${28 + i * 17})`}
            role="button"
            tabIndex={0}
            aria-label={`Actor ${row.actor} of ${node}: ${row.state}`}
            onClick={open}
            onKeyDown={act(open)}
          >
            <title>{`${row.actor}: ${row.state}`}</title>
            <rect x={4} width={width - 8} height={17} rx={3} />
            <text class="what" x={10} y={12.5}>
              {row.label}
            </text>
            <text class="state" x={width - 10} y={12.5}>
              {row.short}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** The newest view of each group that anybody has come to. */
function ViewLine(): JSX.Element | null {
  told.value;
  const events = timeline.value;
  const cut = events.cutAt(cursor.value);
  const newest = new Map<string, string>();
  const ids = new Map<string, number>();
  for (const { view } of cut.nodes.values()) {
    const event = view < 0 ? undefined : events.whole(view);
    if (event?.kind !== 'view' || (ids.get(event.group) ?? 0) > event.id) continue;
    ids.set(event.group, event.id);
    const members = event.members.map((member) => (event.joining?.includes(member) ? `${member} (joining)` : member));
    newest.set(event.group, `view ${event.id} of ${event.group}: ${members.join(', ')}`);
  }
  if (newest.size === 0) return null;
  return <p class="view-line">{[...newest.values()].join(' · ')}</p>;
}
