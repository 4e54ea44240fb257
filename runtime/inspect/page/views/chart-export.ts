/** The chart that is shown, as a file of its own: what is seen, with its colours and fonts written out. */
const properties = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
] as const;

const SPACE = 'http://www.w3.org/2000/svg';
/** px around it. */
const MARGIN = 16;

/** Null where no chart is shown. */
export function chartSvg(page: ParentNode = document): string | null {
  const drawing = page.querySelector<SVGGElement>('.chart-view .drawing');
  if (drawing === null) return null;
  const copy = drawing.cloneNode(true) as SVGGElement; // a copy of one is one
  const parts = [drawing, ...drawing.querySelectorAll<SVGElement>('*')];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  parts.forEach((part, i) => {
    const style = getComputedStyle(part);
    for (const property of properties) copies[i]?.setAttribute(property, style.getPropertyValue(property));
  });
  for (const part of copies) for (const name of ['class', 'tabindex', 'role']) part.removeAttribute(name);
  copy.removeAttribute('transform');
  const { x, y, width, height } = drawing.getBBox();
  const svg = document.createElementNS(SPACE, 'svg');
  const frame = [x - MARGIN, y - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN].map(Math.round);
  svg.setAttribute('viewBox', frame.join(' '));
  svg.setAttribute('width', String(frame[2]));
  svg.setAttribute('height', String(frame[3]));
  const ground = document.createElementNS(SPACE, 'rect');
  for (const [i, name] of ['x', 'y', 'width', 'height'].entries()) ground.setAttribute(name, String(frame[i]));
  ground.setAttribute('fill', getComputedStyle(document.documentElement).backgroundColor);
  svg.append(ground, copy);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}\n`;
}
