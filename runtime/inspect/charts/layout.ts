/**
 * Where everything of a chart stands: boxes within boxes, arrows between them with their words. By ELK's layered algorithm,
 * to the right and downwards; whichever can be shown larger is taken. The same description gives the same layout.
 */
import type { ELK, ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk-api.js';
import { type Header, header, isArrow, type Rectangle, type TransitionText } from './boxes.js';
import { type Bundle, bundles } from './bundles.js';
import type { ChartDescription, StateDescription } from './describe.js';
import type { Measure } from './text.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Rectangle, Pick<Header, 'tags' | 'actions' | 'rows'> {
  /** As in ChartDescription: empty for the chart itself, which is the outermost box. */
  readonly name: string;
  readonly label: string;
  readonly kind: StateDescription['kind'];
  /** Around its own words. */
  readonly header: Rectangle;
  /** Where its children may be. */
  readonly inner: Rectangle;
  readonly children: readonly Box[];
}

/** One arrow for all transitions from one state to another. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
  /** Around its words. */
  readonly label: Rectangle;
  readonly transitions: readonly TransitionText[];
}

/** From the dot to the state that its parent begins with. */
export interface Beginning {
  readonly of: string;
  readonly dot: Rectangle;
  readonly points: readonly Point[];
}

/** All places are from the same corner, in px. */
export interface ChartLayout {
  readonly chart: string;
  readonly width: number;
  readonly height: number;
  readonly root: Box;
  readonly arrows: readonly Arrow[];
  readonly beginnings: readonly Beginning[];
}

/** Rows in a column of the outermost box, which is wide. */
const ROOT_COLUMN = 5;
const DOT = 9;
const PADDING = 16;
/** Of the pane that charts are made for. */
const PANE = { width: 1040, height: 780 };

const options: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.randomSeed': '1',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '10',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
  'elk.layered.spacing.edgeNodeBetweenLayers': '10',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.layered.considerModelOrder.strategy': 'PREFER_EDGES',
  // what comes first in the source stands above what comes later: a chart is written down from its beginning
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
};

const labelOptions: LayoutOptions = { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' };

/**
 * Arrows that come from the left or the right pass below a box's own words, so these stand on top; those that come from above pass
 * beside them.
 */
interface Attempt {
  readonly direction: 'DOWN' | 'RIGHT';
  readonly header: 'top' | 'left';
  /** Rows of a header that stand in one column at most. */
  readonly column: number;
  readonly options?: LayoutOptions;
}

/** Without regard to the order in the source, and with each state as far down as it goes. */
const looser: LayoutOptions = {
  'elk.layered.considerModelOrder.strategy': 'NONE',
  'elk.layered.layering.strategy': 'LONGEST_PATH',
};

const attempts: readonly Attempt[] = [
  { direction: 'DOWN', header: 'left', column: 12 },
  { direction: 'DOWN', header: 'left', column: 30 },
  { direction: 'DOWN', header: 'left', column: 12, options: looser },
  { direction: 'RIGHT', header: 'top', column: 8 },
];

export async function layout(
  chart: ChartDescription,
  measure: Measure,
  elk: Pick<ELK, 'layout'>,
): Promise<ChartLayout> {
  let best: ChartLayout | null = null;
  for (const attempt of attempts) {
    const plan = new Plan(chart, attempt, measure);
    const laid = plan.read(await elk.layout(plan.graph()));
    if (best === null || scale(laid) > scale(best)) best = laid;
    if (scale(best) === 1) break;
  }
  return best as ChartLayout; // there is an attempt
}

/** How large it can be shown whole. */
const scale = ({ width, height }: ChartLayout): number => Math.min(PANE.width / width, PANE.height / height, 1);

const isOnTop = (state: StateDescription, { header }: Attempt): boolean => state.name === '' || header === 'top';

const dotOf = (state: string): string => `${state} begins`;

class Plan {
  readonly #chart: ChartDescription;
  readonly #attempt: Attempt;
  readonly #headers = new Map<string, Header>();
  readonly #states = new Map<string, StateDescription>();
  readonly #bundles: readonly Bundle[];

  constructor(chart: ChartDescription, attempt: Attempt, measure: Measure) {
    this.#chart = chart;
    this.#attempt = attempt;
    const visit = (state: StateDescription): void => {
      this.#states.set(state.name, state);
      this.#headers.set(state.name, header(state, chart, state.name === '' ? ROOT_COLUMN : attempt.column, measure));
      state.states.forEach(visit);
    };
    visit(chart.root);
    this.#bundles = bundles(chart.transitions.filter(isArrow), measure);
  }

  graph(): ElkNode {
    const edges: ElkExtendedEdge[] = this.#bundles.map(({ id, from, to, width, height }) => ({
      id,
      sources: [from],
      targets: [to],
      // ELK leaves out a label without a text
      labels: [{ id: `${id} label`, text: id, width, height, layoutOptions: labelOptions }],
    }));
    for (const state of this.#states.values())
      if (state.initial !== null)
        edges.push({ id: `${state.name} beginning`, sources: [dotOf(state.name)], targets: [state.initial] });
    const { direction } = this.#attempt;
    const root = this.#node(this.#chart.root);
    return {
      ...root,
      layoutOptions: { ...options, 'elk.direction': direction, ...this.#attempt.options, ...root.layoutOptions },
      edges,
    };
  }

  #node(state: StateDescription): ElkNode {
    const { width, height } = this.#header(state.name);
    if (state.states.length === 0) return { id: state.name, width, height };
    const onTop = isOnTop(state, this.#attempt);
    const dot: ElkNode = { id: dotOf(state.name), width: DOT, height: DOT };
    const padding = `[top=${PADDING + (onTop ? height : 0)},left=${PADDING + (onTop ? 0 : width)},bottom=${PADDING},right=${PADDING}]`;
    // ELK turns its graph for what goes downwards, but not this size
    const least = this.#attempt.direction === 'DOWN' ? `(${height},${width})` : `(${width},${height})`;
    return {
      id: state.name,
      children: [...(state.initial === null ? [] : [dot]), ...state.states.map((child) => this.#node(child))],
      layoutOptions: {
        'elk.padding': padding,
        // of the outermost box it does, and then again it does not: that is made wide enough when it is read
        ...(state.name === '' ? {} : { 'elk.nodeSize.constraints': 'MINIMUM_SIZE', 'elk.nodeSize.minimum': least }),
      },
    };
  }

  #header(name: string): Header {
    return this.#headers.get(name) as Header; // each state has one
  }

  read(node: ElkNode): ChartLayout {
    const root = this.#box(node);
    const sections = new Map((node.edges ?? []).map((edge) => [edge.id, edge]));
    const dots = new Map<string, ElkNode>();
    const collect = (of: ElkNode): void => {
      dots.set(of.id, of);
      of.children?.forEach(collect);
    };
    collect(node);
    return {
      chart: this.#chart.chart,
      width: root.width,
      height: root.height,
      root,
      arrows: this.#bundles.map((bundle) => arrow(bundle, sections.get(bundle.id))),
      beginnings: [...this.#states.values()]
        .filter(({ initial }) => initial !== null)
        .map(({ name }) => ({
          of: name,
          dot: rectangle(dots.get(dotOf(name))),
          points: pointsOf(sections.get(`${name} beginning`)),
        })),
    };
  }

  #box(node: ElkNode): Box {
    const state = this.#states.get(node.id) as StateDescription; // the nodes of the graph are its states
    const { tags, actions, rows, ...size } = this.#header(node.id);
    const own = rectangle(node);
    const place = { ...own, width: Math.max(own.width, size.width), height: Math.max(own.height, size.height) };
    const { x, y } = place;
    const onTop = isOnTop(state, this.#attempt);
    const header = { x, y, width: onTop ? place.width : size.width, height: onTop ? size.height : place.height };
    const inner = onTop
      ? { ...place, y: y + size.height, height: place.height - size.height }
      : { ...place, x: x + size.width, width: place.width - size.width };
    return {
      name: state.name,
      label: state.label,
      kind: state.kind,
      ...place,
      header: state.states.length === 0 ? place : header,
      inner,
      tags: tags.map((tag) => moved(tag, place)),
      actions: actions.map((words) => moved(words, place)),
      rows: rows.map((row) => moved(row, place)),
      children: (node.children ?? []).filter(({ id }) => this.#states.has(id)).map((child) => this.#box(child)),
    };
  }
}

function arrow({ from, to, texts }: Bundle, edge: ElkExtendedEdge | undefined): Arrow {
  const label = rectangle(edge?.labels?.[0]);
  return { from, to, points: pointsOf(edge), label, transitions: texts.map((text) => moved(text, label)) };
}

const pointsOf = (edge: ElkExtendedEdge | undefined): readonly Point[] =>
  (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x: rounded(x), y: rounded(y) })),
  );

const rectangle = (shape: Partial<Rectangle> | undefined): Rectangle => ({
  x: rounded(shape?.x ?? 0),
  y: rounded(shape?.y ?? 0),
  width: rounded(shape?.width ?? 0),
  height: rounded(shape?.height ?? 0),
});

const moved = <Placed extends Rectangle>(shape: Placed, by: Point): Placed => ({
  ...shape,
  x: rounded(shape.x + by.x),
  y: rounded(shape.y + by.y),
});

/** To halves: lines are sharp, and a layout is the same wherever it is made. */
const rounded = (px: number): number => Math.round(px * 2) / 2;
