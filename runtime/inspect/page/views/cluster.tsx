/**
 * The cluster at the cursor: nodes with what their actors are at, messages on their way, cuts, and views. A line drawn across it is a
 * partition.
 */
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { inject } from '../deeds.js';
import { cursor, nodes, opened, timeline, told } from '../model.js';
import { useSize } from '../size.js';
import './cluster.css';
import { cardOf, figureOf, sidesOf } from './cluster/cards.js';
import { Cast } from './cluster/cast.js';
import { NodeCard } from './cluster/node-card.js';
import { arrange, type Place, type Size, type Slot } from './cluster/places.js';
import { Flights, Links } from './cluster/traffic.js';
import { Ways } from './cluster/ways.js';

/** Where everything stands: made anew only when there is another node, another actor, or another size of the pane. */
interface Ground {
  readonly key: string;
  readonly size: Size;
  readonly slots: readonly Slot[];
  readonly ways: Ways;
}

/** The pane for which a card is as large as it is written; in a larger one all is drawn larger. */
const PANE: Size = { width: 860, height: 560 };
const LARGEST = 1.5;

const scaleOf = ({ width, height }: Size): number =>
  Math.max(1, Math.min(LARGEST, width / PANE.width, height / PANE.height));

export function ClusterView(): JSX.Element {
  const [box, size] = useSize();
  const line = useSignal<readonly [Place, Place] | null>(null);
  const cast = useRef(new Cast(timeline.peek())).current;
  const before = useRef<Ground | null>(null);
  const ground = useComputed((): Ground => {
    told.value;
    cast.update(timeline.value);
    const scale = scaleOf(size.value);
    const room = { width: size.value.width / scale, height: size.value.height / scale };
    const figures = nodes.value.map((node) => figureOf(node, cast.partsOf(node)));
    const key = JSON.stringify([figures, room]);
    if (before.current?.key !== key) {
      const slots = room.width === 0 ? [] : arrange(figures, room);
      before.current = { key, size: room, slots, ways: new Ways(slots, room) };
    }
    return before.current;
  });
  const controllable = opened.value?.abilities.control === true;
  const pointOf = (event: PointerEvent): Place => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect(); // the listener is the svg's
    const scale = scaleOf(size.value);
    return { x: (event.clientX - left) / scale, y: (event.clientY - top) / scale };
  };
  const finish = (): void => {
    const drawn = line.value;
    line.value = null;
    if (drawn === null || Math.hypot(drawn[0].x - drawn[1].x, drawn[0].y - drawn[1].y) < 40) return;
    const [here, there] = sidesOf(ground.value.slots, drawn);
    if (here.length > 0 && there.length > 0) inject(`partition:${here.join(',')}|${there.join(',')}`);
  };
  const { slots, ways, size: room } = ground.value;
  const cut = timeline.value.cutAt(cursor.value);
  return (
    <div class="cluster" ref={box}>
      <svg
        role="group"
        aria-label="Cluster: nodes and messages on their way"
        data-export="cluster"
        width={size.value.width}
        height={size.value.height}
        viewBox={`0 0 ${room.width} ${room.height}`}
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
        <Links ways={ways} cast={cast} />
        {slots.map((slot) => (
          <NodeCard key={slot.node} card={cardOf(slot, cut)} controllable={controllable} />
        ))}
        <Flights ways={ways} slots={slots} size={room} />
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
  const views = [...newest.values()].join(' · ');
  return (
    <p class="view-line" title={views}>
      {views}
    </p>
  );
}
