/**
 * What must be true of a layout for it to be readable, as sentences about what is not. Pure: tests ask it of each chart, with
 * whatever font they measure by.
 */
import { COUNT, isWithin, type Rectangle } from './boxes.js';
import type { Arrow, Box, ChartLayout, Point } from './layout.js';
import type { Measure } from './text.js';

/** px by which rounding may move two edges that touch. */
const SLACK = 1;

/** Empty for a good layout. */
export function flaws(layout: ChartLayout, measure: Measure): string[] {
  const boxes = allBoxes(layout.root);
  return [
    ...boxes.flatMap((box) => [...nestingFlaws(box), ...headerFlaws(box, measure)]),
    ...layout.arrows.flatMap((arrow) => arrowFlaws(arrow, boxes, measure)),
    ...pairs(layout.arrows).flatMap(([a, b]) => arrowsApart(a, b)),
    ...layout.beginnings.flatMap(({ of, dot }) =>
      boxes
        .filter((box) => overlap(dot, box) && !contains(box.inner, dot))
        .map((box) => `the dot of ${named(of)} lies on ${named(box.name)}`),
    ),
  ];
}

export const allBoxes = (box: Box): Box[] => [box, ...box.children.flatMap(allBoxes)];

function nestingFlaws(box: Box): string[] {
  return [
    ...box.children
      .filter((child) => !contains(box.inner, child))
      .map((child) => `${named(child.name)} sticks out of ${named(box.name)}`),
    ...pairs(box.children)
      .filter(([a, b]) => overlap(a, b))
      .map(([a, b]) => `${named(a.name)} lies on ${named(b.name)}`),
  ];
}

/** What is written in a box has its place there, as wide as it is, and to itself. */
function headerFlaws(box: Box, measure: Measure): string[] {
  const flaws: string[] = [];
  const title = { x: box.x + 10, y: box.y + 5, width: measure(box.label, 'title'), height: 16 };
  const texts = [
    { what: 'its name', ...title },
    ...box.tags.map((tag) => ({
      what: `tag ${tag.text}`,
      ...tag,
      width: Math.max(tag.width, measure(tag.text, 'small')),
    })),
    ...box.actions.map((words) => ({ what: 'its actions', ...words })),
    ...box.rows.map((row) => ({
      what: row.transition,
      ...row,
      width: Math.max(row.width, needed(row.lines, measure)),
    })),
  ];
  for (const text of texts) {
    if (!contains(box, text)) flaws.push(`${text.what} is cut by ${named(box.name)}`);
    if (!contains(box.header, text)) flaws.push(`${text.what} runs into what is in ${named(box.name)}`);
  }
  for (const [a, b] of pairs(texts)) if (overlap(a, b)) flaws.push(`${a.what} lies on ${b.what} in ${named(box.name)}`);
  return flaws;
}

const needed = (lines: Box['rows'][number]['lines'], measure: Measure): number =>
  Math.max(
    ...lines.map(
      ({ parts, indent }, i) =>
        indent + measure(parts.map(({ text }) => text).join(''), 'text') + (i === 0 ? COUNT : 0) - SLACK,
    ),
  );

function arrowFlaws(arrow: Arrow, boxes: readonly Box[], measure: Measure): string[] {
  const name = `the arrow from ${named(arrow.from)} to ${named(arrow.to)}`;
  const flaws: string[] = [];
  for (const text of arrow.transitions)
    if (!contains(arrow.label, { ...text, width: Math.max(text.width, needed(text.lines, measure)) }))
      flaws.push(`${text.transition} is cut by its label`);
  for (const box of boxes) {
    const around =
      isWithin(arrow.from, box.name) || isWithin(arrow.to, box.name) || [arrow.from, arrow.to].includes(box.name);
    if (overlap(arrow.label, box) && !(around && contains(box.inner, arrow.label)))
      flaws.push(`the words of ${name} lie on ${named(box.name)}`);
    if (crosses(arrow.points, box.header)) flaws.push(`${name} crosses ${named(box.name)}`);
  }
  for (const [end, state] of [
    [arrow.points[0], arrow.from],
    [arrow.points.at(-1), arrow.to],
  ] as const) {
    const box = boxes.find(({ name: of }) => of === state);
    if (end === undefined || box === undefined || !isOnBorder(end, box))
      flaws.push(`${name} does not touch ${named(state)}`);
  }
  return flaws;
}

function arrowsApart(a: Arrow, b: Arrow): string[] {
  const name = (arrow: Arrow): string => `the arrow from ${named(arrow.from)} to ${named(arrow.to)}`;
  const flaws: string[] = [];
  if (overlap(a.label, b.label)) flaws.push(`the words of ${name(a)} lie on those of ${name(b)}`);
  if (crosses(a.points, b.label)) flaws.push(`${name(a)} crosses the words of ${name(b)}`);
  if (crosses(b.points, a.label)) flaws.push(`${name(b)} crosses the words of ${name(a)}`);
  return flaws;
}

const named = (state: string): string => (state === '' ? 'the chart' : state);

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.x + a.width > b.x + SLACK &&
  b.x + b.width > a.x + SLACK &&
  a.y + a.height > b.y + SLACK &&
  b.y + b.height > a.y + SLACK;

const contains = (outer: Rectangle, within: Rectangle): boolean =>
  within.x >= outer.x - SLACK &&
  within.y >= outer.y - SLACK &&
  within.x + within.width <= outer.x + outer.width + SLACK &&
  within.y + within.height <= outer.y + outer.height + SLACK;

/** A line with corners, each stretch of which is level or upright, through the inside. */
const crosses = (points: readonly Point[], shape: Rectangle): boolean =>
  points.slice(1).some((to, i) => {
    const from = points[i] as Point; // the one before
    const stretch = {
      x: Math.min(from.x, to.x) - SLACK / 2,
      y: Math.min(from.y, to.y) - SLACK / 2,
      width: Math.abs(from.x - to.x) + SLACK,
      height: Math.abs(from.y - to.y) + SLACK,
    };
    return overlap(stretch, { x: shape.x + 1, y: shape.y + 1, width: shape.width - 2, height: shape.height - 2 });
  });

const isOnBorder = ({ x, y }: Point, box: Rectangle): boolean => {
  const grown = { x: box.x - SLACK, y: box.y - SLACK, width: box.width + 2 * SLACK, height: box.height + 2 * SLACK };
  const shrunk = { x: box.x + SLACK, y: box.y + SLACK, width: box.width - 2 * SLACK, height: box.height - 2 * SLACK };
  const has = (shape: Rectangle): boolean => contains({ ...shape }, { x, y, width: 0, height: 0 });
  return (
    has(grown) &&
    !(
      x > shrunk.x + SLACK &&
      x < shrunk.x + shrunk.width - SLACK &&
      y > shrunk.y + SLACK &&
      y < shrunk.y + shrunk.height - SLACK
    )
  );
};

const pairs = <Item>(items: readonly Item[]): (readonly [Item, Item])[] =>
  items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b] as const));
