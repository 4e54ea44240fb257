/**
 * A chart as SVG, from its layout. Drawn once: what changes with the cursor (which states are active, what was taken and how
 * often) is put on it from outside, by the names that its parts carry.
 */
import type { TransitionText } from '../../charts/boxes.js';
import type { ChartDescription, TransitionDescription } from '../../charts/describe.js';
import type { Arrow, Beginning, Box, ChartLayout, Point } from '../../charts/layout.js';
import { type Line, shownActions } from '../../charts/text.js';

interface DrawingProps {
  readonly layout: ChartLayout;
  readonly chart: ChartDescription;
}

export function Drawing({ layout, chart }: DrawingProps) {
  const transitions = new Map(chart.transitions.map((transition) => [transition.name, transition]));
  return (
    <>
      <State box={layout.root} transitions={transitions} />
      {layout.beginnings.map((beginning) => (
        <Begins key={beginning.of} beginning={beginning} />
      ))}
      {layout.arrows.map((arrow) => (
        <ArrowLine key={`${arrow.from} ${arrow.to}`} arrow={arrow} />
      ))}
      {layout.arrows.map((arrow) => (
        <ArrowWords key={`${arrow.from} ${arrow.to}`} arrow={arrow} transitions={transitions} />
      ))}
    </>
  );
}

type Transitions = ReadonlyMap<string, TransitionDescription>;

function State({ box, transitions }: { readonly box: Box; readonly transitions: Transitions }) {
  const { x, y, width, height, inner } = box;
  const isCompound = box.children.length > 0;
  const isRoot = box.name === '';
  return (
    <g class={`state ${box.kind} ${isRoot ? 'chart' : isCompound ? 'outer' : 'leaf'}`} data-state={box.name}>
      <rect class="box" x={x} y={y} width={width} height={height} rx={isRoot ? 12 : 8} />
      {box.kind === 'final' && <rect class="edge" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={6} />}
      {isCompound && (box.rows.length > 0 || box.actions.length > 0) && (
        <path class="divider" d={inner.y > y ? `M${x} ${inner.y}h${width}` : `M${inner.x} ${y}v${height}`} />
      )}
      <text class="name" x={x + 10} y={y + 18}>
        {box.label}
      </text>
      {box.tags.map((tag) => (
        <g key={tag.text} class={`tag tag-${tag.text}`}>
          <rect x={tag.x} y={tag.y} width={tag.width} height={tag.height} rx={7.5} />
          <text x={tag.x + 5} y={tag.y + 11.5}>
            {tag.text}
          </text>
        </g>
      ))}
      {box.actions.map((words) => (
        <text key={`${words.y}`} class="words" x={words.x} y={words.y + 12}>
          <Parts line={words.line} />
        </text>
      ))}
      <rect class="halo" x={x} y={y} width={width} height={height} rx={isRoot ? 12 : 8} />
      {box.rows.map((row) => (
        <Words key={row.transition} text={row} about={transitions.get(row.transition)} />
      ))}
      {box.children.map((child) => (
        <State key={child.name} box={child} transitions={transitions} />
      ))}
    </g>
  );
}

function Words({ text, about }: { readonly text: TransitionText; readonly about: TransitionDescription | undefined }) {
  const { x, y, width, height, lines, transition } = text;
  return (
    <g class="transition" data-transition={transition} tabindex={0} role="button" aria-label={transition}>
      <title>{about === undefined ? transition : sentence(about)}</title>
      <rect class="ground" x={x - 4} y={y} width={width + 8} height={height} rx={4} />
      {lines.map((line, i) => (
        <text key={`${i}`} class="words" x={x + line.indent} y={y + 12 + i * 16}>
          <Parts line={line} />
        </text>
      ))}
      <text class="count" x={x + width} y={y + 12} />
    </g>
  );
}

const Parts = ({ line }: { readonly line: Line }) =>
  line.parts.map(({ text, role }) => (
    <tspan key={text} class={role}>
      {text}
    </tspan>
  ));

/** In words, for the foot and for screen readers. */
export const sentence = ({ trigger, guard, actions, from, to }: TransitionDescription): string =>
  [
    from === '' ? 'In any state' : `In ${from}`,
    /^(always|after .*)$/.test(trigger) ? trigger : trigger === '*' ? 'on any other event' : `on ${trigger}`,
    ...(guard === null ? [] : [`if ${guard}`]),
    to.length === 0 ? 'stay' : to.length === 1 && to[0] === from ? 'enter it anew' : `go to ${to.join(' and ')}`,
    ...(shownActions(actions).length === 0 ? [] : [`doing ${shownActions(actions).join(', then ')}`]),
  ].join(', ');

const ArrowLine = ({ arrow }: { readonly arrow: Arrow }) => (
  <g class="arrow" data-arrow={arrow.transitions.map(({ transition }) => transition).join('\n')}>
    <path class="line" d={rounded(arrow.points)} />
    <path class="head" d={head(arrow.points)} />
  </g>
);

const ArrowWords = ({ arrow, transitions }: { readonly arrow: Arrow; readonly transitions: Transitions }) => (
  <g class="label">
    <rect class="behind" {...arrow.label} />
    {arrow.transitions.map((text) => (
      <Words key={text.transition} text={text} about={transitions.get(text.transition)} />
    ))}
  </g>
);

const Begins = ({ beginning: { dot, points } }: { readonly beginning: Beginning }) => (
  <g class="beginning">
    <circle cx={dot.x + dot.width / 2} cy={dot.y + dot.height / 2} r={dot.width / 2} />
    <path class="line" d={rounded(points)} />
    <path class="head" d={head(points)} />
  </g>
);

const CORNER = 6;

function rounded(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${first.x} ${first.y}`;
  rest.forEach((point, i) => {
    const before = points[i] as Point; // there is one before each of the rest
    const after = rest[i + 1];
    if (after === undefined) {
      path += `L${point.x} ${point.y}`;
      return;
    }
    const from = toward(point, before, CORNER);
    const to = toward(point, after, CORNER);
    path += `L${from.x} ${from.y}Q${point.x} ${point.y} ${to.x} ${to.y}`;
  });
  return path;
}

/** The point so far from the first one on the way to the second, or half of the way where that is short. */
function toward(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return from;
  const share = Math.min(distance / length, 0.5);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** px. */
const HEAD = 7;

function head(points: readonly Point[]): string {
  const tip = points.at(-1);
  const before = points.findLast(({ x, y }) => x !== tip?.x || y !== tip.y);
  if (tip === undefined || before === undefined) return '';
  const length = Math.hypot(tip.x - before.x, tip.y - before.y);
  const [x, y] = [((tip.x - before.x) / length) * HEAD, ((tip.y - before.y) / length) * HEAD];
  const back = { x: tip.x - x, y: tip.y - y };
  return `M${tip.x} ${tip.y}L${back.x - y * 0.55} ${back.y + x * 0.55}L${back.x + y * 0.55} ${back.y - x * 0.55}Z`;
}
