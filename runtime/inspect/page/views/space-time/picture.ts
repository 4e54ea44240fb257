/** Draws a scene. */
import type { Arrow } from './arrows.js';
import { strength } from './density.js';
import type { Cross } from './marks.js';
import type { Colour, Pen } from './pen.js';
import type { Block } from './phases.js';
import { xOf } from './scale.js';
import { COLUMN, type Dot, type Scene } from './scene.js';
import { FAULT_ROW } from './stage.js';

/** Shades that can be told apart. */
const SHADES = 8;
/** px: letters that are smaller say nothing. */
const LEGIBLE = 7;
/** px between slanting lines. */
const HATCH = 9;
const DIM = 0.14;
const FAINT = 0.4;
const MEMBERS = 0.6;

export function draw(scene: Scene, pen: Pen): void {
  grid(scene, pen);
  if (scene.shading !== null) shade(scene, pen);
  gaps(scene, pen);
  faults(scene, pen);
  lives(scene, pen);
  blocks(scene, pen);
  arrows(scene.arrows, pen);
  letters(scene, pen);
  for (const { text, ...label } of scene.labels)
    pen.text(label.x, label.y, text, {
      colour: 'faint',
      size: label.size,
      align: 'center',
      halo: true,
      turn: label.turn,
    });
  dots(scene, pen);
  crosses(scene.crosses, pen);
  views(scene, pen);
}

function grid({ ticks, window, width, height, axis }: Scene, pen: Pen): void {
  const xs = ticks.map(({ t }) => Math.round(xOf(window, width, t)) + 0.5);
  pen.lines(
    xs.flatMap((x) => [x, axis - 5, x, height]),
    { colour: 'line', alpha: 0.6 },
  );
  ticks.forEach(({ label }, place) => {
    const x = xs[place] ?? 0;
    // No label is cut at the edge.
    const half = label.length * 3.4;
    if (x > half && x < width - half) pen.text(x, axis - 13, label, { colour: 'faint', align: 'center' });
  });
  pen.lines([0, axis - 0.5, width, axis - 0.5], { colour: 'line' });
}

/** Stretches of the same shade are one box. */
function shade({ shading, rows }: Scene, pen: Pen): void {
  if (shading === null) return;
  const boxes = { text: shades(), accent: shades() };
  const strip = (
    counts: Float32Array,
    row: number,
    most: number,
    y: number,
    height: number,
    into: number[][],
  ): void => {
    let [since, level] = [0, 0];
    for (let column = 0; column <= shading.columns; column++) {
      const count = column < shading.columns ? (counts[column * shading.rows + row] ?? 0) : 0;
      const now = Math.ceil(strength(count, most) * SHADES);
      if (now === level) continue;
      if (level > 0) into[level]?.push(since * COLUMN, y, (column - since) * COLUMN, height);
      [since, level] = [column, now];
    }
  };
  rows.forEach((y, row) => {
    const below = rows[row + 1];
    strip(shading.activity, row, shading.most.activity, y - 4, 8, boxes.accent);
    if (below !== undefined) strip(shading.crossings, row, shading.most.crossings, y + 8, below - y - 16, boxes.text);
  });
  boxes.text.forEach((each, level) => {
    pen.boxes(each, { colour: 'faint', alpha: (level / SHADES) * 0.6 });
  });
  boxes.accent.forEach((each, level) => {
    pen.boxes(each, { colour: 'accent', alpha: level / SHADES });
  });
}

const shades = (): number[][] => Array.from({ length: SHADES + 1 }, () => []);

function faults({ faults, severed, height }: Scene, pen: Pen): void {
  for (const { x, width, y, text, lasts, room } of faults) {
    if (lasts) {
      pen.boxes([x, y, width, FAULT_ROW - 4], { colour: 'warning', alpha: 0.16, radius: 3 });
      pen.boxes([x, y, 2, FAULT_ROW - 4], { colour: 'warning' });
      pen.boxes([x, y + FAULT_ROW, width, height], { colour: 'warning', alpha: 0.03 });
      pen.text(Math.max(x, 0) + 7, y + 8, text, { colour: 'warning', room });
    } else {
      pen.triangles([x - 5, y + 2, x + 5, y + 2, x, y + 11], { colour: 'warning' });
      pen.text(x + 8, y + 8, text, { colour: 'warning', halo: true, room });
    }
  }
  for (const { x1, x2, y } of severed) {
    pen.boxes([x1, y - 5, x2 - x1, 10], { colour: 'bad', alpha: 0.1 });
    pen.lines([x1, y, x2, y], { colour: 'bad', width: 2, dash: [7, 5] });
  }
}

/** Hatched, and how many are missing, where that fits. */
function gaps({ gaps, axis, height, width }: Scene, pen: Pen): void {
  for (const { x, width: wide, count } of gaps) {
    pen.boxes([x, axis, wide, height - axis], { colour: 'sunken' });
    pen.lines(hatching(x, axis, wide, height - axis), { colour: 'faint', alpha: 0.35 });
    pen.lines([x, axis, x, height, x + wide, axis, x + wide, height], { colour: 'faint', alpha: 0.6 });
    const [left, right] = [Math.max(x, 0), Math.min(x + wide, width)];
    const text = `${count.toLocaleString('en')} missed`;
    const fits = right - left > text.length * 6.4;
    const [middle, y] = fits ? [(left + right) / 2, axis + 12] : [left + 7, (axis + height) / 2];
    pen.text(middle, y, text, { colour: 'text', bold: true, align: 'center', halo: true, turn: fits ? 0 : -90 });
  }
}

/** Slanting lines, px apart, none of which leaves the box. */
function hatching(x: number, y: number, width: number, height: number): number[] {
  const lines: number[] = [];
  for (let at = HATCH; at < width + height; at += HATCH) {
    const [down, across] = [Math.min(at, height), Math.min(at, width)];
    lines.push(x + at - down, y + down, x + across, y + at - across);
  }
  return lines;
}

function lives({ lives, held }: Scene, pen: Pen): void {
  const ends = (up: boolean): number[] =>
    lives.filter((life) => life.up === up).flatMap(({ x1, x2, y }) => [x1, y, x2, y]);
  pen.lines(ends(true), { colour: 'faint', width: 1.5 });
  pen.lines(ends(false), { colour: 'faint', width: 1, alpha: 0.45, dash: [2, 5] });
  for (const dim of [true, false]) {
    pen.boxes(
      held.filter((each) => each.dim === dim).flatMap(({ x1, x2, y }) => [x1, y - 3, Math.max(x2 - x1, 1), 6]),
      { colour: 'warning', alpha: dim ? DIM : 0.45, radius: 2 },
    );
  }
}

function blocks(scene: Scene, pen: Pen): void {
  const all: readonly Block[] = [...scene.blocks, ...scene.chips];
  for (const group of grouped(all, ({ tone, dim }) => `${tone} ${dim}`)) {
    const [{ tone, dim }] = group;
    pen.boxes(
      group.flatMap(({ x, y, width, height }) => [x, y, width, height]),
      { colour: tone, alpha: dim ? DIM : 0.85, radius: 2 },
    );
  }
}

/** Which phase each block is, and of what, as far as that fits into what is seen of it. */
function letters(scene: Scene, pen: Pen): void {
  for (const row of grouped([...scene.blocks, ...scene.chips], ({ y }) => `${y}`)) {
    row.sort((a, b) => a.x - b.x);
    row.forEach((block, place) => {
      const { x, width } = block;
      lettersOf(block, Math.min(x + width, row[place + 1]?.x ?? x + width, scene.width), pen);
    });
  }
}

/** `end` is where it ends, or something else begins. */
function lettersOf({ x, y, height, phase, request, dim }: Block, end: number, pen: Pen): void {
  const size = Math.min(9.5, height - 1);
  if (dim || size < LEGIBLE) return;
  const left = Math.max(x, 0);
  const letters = (end - left - 6) / (size * 0.68);
  const text = [`${phase} ${request}`, phase].find((each) => each.length <= letters);
  if (text !== undefined) pen.text(left + 3.5, y + height / 2 + 0.5, text, { colour: 'raised', size, bold: true });
}

function arrows(all: readonly Arrow[], pen: Pen): void {
  const groups = grouped(all, ({ tone, dim, control, fate }) => `${tone} ${dim} ${control} ${fate}`);
  for (const group of groups) {
    const [{ tone, dim, control, fate }] = group;
    // What is for no request is background.
    const alpha = (dim ? DIM : 1) * (control ? FAINT : tone === 'faint' ? MEMBERS : 1);
    pen.lines(
      group.flatMap(({ x1, y1, x2, y2 }) => [x1, y1, x2, y2]),
      { colour: tone, alpha, width: control ? 1 : 1.4, ...(fate === 'arrived' ? {} : { dash: [4, 3] }) },
    );
    if (fate === 'arrived' || fate === 'flying') pen.triangles(group.flatMap(head), { colour: tone, alpha });
    else {
      const colour: Colour = control ? 'faint' : 'bad';
      pen.lines(
        group.flatMap(({ x2, y2 }) => cross(x2, y2, 3.5)),
        { colour, width: 1.8, alpha },
      );
    }
  }
}

/** A triangle at the end of an arrow. */
function head({ x1, y1, x2, y2 }: Arrow): number[] {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 1) return [];
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const size = Math.min(7, length / 2);
  const [bx, by] = [x2 - ux * size, y2 - uy * size];
  const half = size * 0.42;
  return [x2, y2, bx - uy * half, by + ux * half, bx + uy * half, by - ux * half];
}

const cross = (x: number, y: number, size: number): number[] => [
  ...[x - size, y - size, x + size, y + size],
  ...[x - size, y + size, x + size, y - size],
];

function dots({ dots }: Scene, pen: Pen): void {
  const of = (kind: Dot['kind'], dim: boolean, radius: number): number[] =>
    dots.filter((dot) => dot.kind === kind && dot.dim === dim).flatMap(({ x, y }) => [x, y, radius]);
  for (const dim of [true, false]) {
    const alpha = dim ? DIM : 1;
    const delivered = of('delivered', dim, 3);
    pen.discs(delivered, { colour: 'raised', alpha });
    pen.rings(delivered, { colour: 'text', alpha, width: 1.4 });
    pen.discs(of('called', dim, 4.5), { colour: 'accent', alpha });
    pen.discs(of('answered', dim, 4), { colour: 'raised', alpha });
    pen.rings(of('answered', dim, 4.5), { colour: 'accent', alpha, width: 2 });
    pen.lines(
      dots.filter((dot) => dot.kind === 'dropped' && dot.dim === dim).flatMap(({ x, y }) => cross(x, y - 6, 2)),
      { colour: 'faint', alpha, width: 1.2 },
    );
  }
}

function crosses(all: readonly Cross[], pen: Pen): void {
  const of = (kind: Cross['kind']): Cross[] => all.filter((each) => each.kind === kind);
  const lost = of('lost');
  pen.lines(
    lost.flatMap(({ from, x, y }) => (from === null ? [] : [from.x, from.y, x, y])),
    { colour: 'bad', width: 1.2, alpha: 0.8, dash: [2, 3] },
  );
  pen.lines(
    lost.flatMap(({ x, y }) => cross(x, y, 3.5)),
    { colour: 'bad', width: 1.8 },
  );
  pen.lines(
    of('crashed').flatMap(({ x, y }) => cross(x, y, 6)),
    { colour: 'bad', width: 3 },
  );
  const back = of('recovered').flatMap(({ x, y }) => [x, y, 5]);
  pen.discs(back, { colour: 'raised' });
  pen.rings(back, { colour: 'good', width: 2.2 });
}

function views({ views, severed }: Scene, pen: Pen): void {
  for (const { x1, x2, y, oneWay } of severed) {
    const label = oneWay ? 'cut one way' : 'cut';
    if (x2 - x1 > label.length * 7 + 12) pen.text(x1 + 6, y - 11, label, { colour: 'bad', bold: true, halo: true });
  }
  for (const { x, y, label, members } of views) {
    pen.lines([x, y - 9, x, y + 1], { colour: 'good', width: 2 });
    pen.text(x + 5, y - 11, label, { colour: 'good', bold: true, halo: true });
    if (members !== '') pen.text(x + 11 + label.length * 7, y - 11, members, { colour: 'faint', halo: true });
  }
}

/** In groups that are drawn with one stroke; none is empty. */
function grouped<Each>(all: readonly Each[], by: (each: Each) => string): [Each, ...Each[]][] {
  const groups = new Map<string, [Each, ...Each[]]>();
  for (const each of all) {
    const key = by(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}
