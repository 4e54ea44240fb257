/** A node in the picture of a cluster: its name, what its actors are at, and the button that crashes it. */
import type { JSX } from 'preact';
import { act, inject } from '../../deeds.js';
import { choose, chosen } from '../../model.js';
import { badgeRoom, type Card } from './cards.js';
import { HEAD, ROW } from './places.js';

interface NodeCardProps {
  readonly card: Card;
  readonly controllable: boolean;
}

export function NodeCard({ card, controllable }: NodeCardProps): JSX.Element {
  const { node, x, y, width, height, up } = card;
  const { value: choice } = chosen;
  const isPicked = (choice?.kind === 'node' || choice?.kind === 'actor') && choice.node === node;
  const pick = (): void => choose({ kind: 'node', node });
  // What is down has no rows: there is room where they were.
  const isBeside = card.badge.length <= badgeRoom(card);
  const isBelow = !isBeside && !up && card.rows > 0;
  const marks = [up ? '' : 'down', card.absent ? 'absent' : '', isPicked ? 'picked' : ''];
  return (
    <g class={`node ${marks.join(' ')}`} transform={`translate(${x} ${y})`}>
      <rect
        width={width}
        height={height}
        rx={6}
        role="button"
        tabindex={0}
        aria-label={`Node ${node}${up ? '' : ', down'}`}
        onClick={pick}
        onKeyDown={act(pick)}
      >
        {card.badge !== '' && <title>{`${node}: ${card.badge}`}</title>}
      </rect>
      <text class="name" x={10} y={19}>
        {node}
        {isBeside && card.badge !== '' && (
          <tspan class="badge" dx={7}>
            {card.badge}
          </tspan>
        )}
      </text>
      {isBelow && (
        <text class="badge" x={10} y={HEAD + 12}>
          {card.badge}
        </text>
      )}
      {controllable && <Strike card={card} />}
      {card.content.map((row, i) => {
        const isChosen = choice?.kind === 'actor' && choice.node === node && choice.actor === row.actor;
        const open = (): void => choose({ kind: 'actor', node, actor: row.actor });
        return (
          <g
            key={row.actor}
            class={`actor ${isChosen ? 'picked' : ''} ${row.fresh ? 'fresh' : ''}`}
            transform={`translate(0 ${HEAD + i * ROW})`}
            role="button"
            tabindex={0}
            aria-label={`Actor ${row.actor} of ${node}: ${row.state}`}
            onClick={open}
            onKeyDown={act(open)}
          >
            <title>{`${row.actor}: ${row.state}`}</title>
            <rect x={4} width={width - 8} height={ROW} rx={3} />
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

function Strike({ card: { node, up, width } }: { readonly card: Card }): JSX.Element {
  const deed = up ? 'crash' : 'recover';
  const title = `${up ? 'Crash' : 'Recover'} ${node}`;
  const strike = (): void => inject(`${deed}:${node}`);
  return (
    <g
      class="strike"
      transform={`translate(${width - 15} 14)`}
      role="button"
      tabindex={0}
      aria-label={title}
      data-do={`${deed}:${node}`}
      onClick={strike}
      onKeyDown={act(strike)}
    >
      <title>{title}</title>
      <circle r={9} />
      <path d={up ? 'M-3 -3L3 3M-3 3L3 -3' : 'M-3.5 0H3.5M0 -3.5V3.5'} />
    </g>
  );
}
