/** The diagram as an SVG file: the same picture as on the canvas, with the names of the nodes beside it. */
import { NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import { Clocks } from './clocks.js';
import { Density } from './density.js';
import { Landmarks } from './landmarks.js';
import type { Colour } from './pen.js';
import { draw } from './picture.js';
import type { Window } from './scale.js';
import { sceneOf } from './scene.js';
import type { SceneOptions } from './stage.js';
import { SvgPen } from './svg-pen.js';

export interface SvgOptions extends SceneOptions {
  /** Nodes, top down. */
  readonly nodes: readonly string[];
  /** Whether vector clocks are shown. */
  readonly clocked: boolean;
  readonly palette: Readonly<Record<Colour, string>>;
  readonly title: string;
}

/** px beside the picture. */
const NAMES = 104;

export function spaceTimeSvg(timeline: Timeline, window: Window, options: SvgOptions): string {
  const landmarks = new Landmarks();
  landmarks.follow(timeline);
  const rowOf = rowsOf(timeline, options.nodes);
  const density = new Density(rowOf, timeline.branch);
  density.follow(timeline);
  const clocks = options.clocked ? new Clocks(rowOf, timeline.branch) : null;
  clocks?.follow(timeline, timeline.length);
  const scene = sceneOf({ timeline, landmarks, rowOf, density, clocks }, window, options);
  const pen = new SvgPen(options.palette);
  options.nodes.forEach((name, row) => {
    pen.text(NAMES - 10, scene.rows[row] ?? 0, name, { colour: 'text', bold: true, align: 'right', room: NAMES - 12 });
  });
  pen.begin(NAMES, 0, options.width, options.height);
  draw(scene, pen);
  pen.end();
  return pen.file(NAMES + options.width, options.height, options.title);
}

/** Rows of nodes, by their words. */
export function rowsOf(timeline: Timeline, nodes: readonly string[]): Map<number, number> {
  const rows = new Map<number, number>();
  nodes.forEach((name, row) => {
    const word = timeline.wordOf(name);
    if (word !== NONE) rows.set(word, row);
  });
  return rows;
}
