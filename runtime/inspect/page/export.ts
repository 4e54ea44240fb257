/** What a view shows, as a drawing or a picture that stands by itself. */
import type { ViewName } from './layout.js';
import { failure } from './model.js';
import { download } from './saved.js';

/** Each view that can be taken away puts here what makes an SVG document of it; null while there is nothing in it. */
export const drawings = new Map<ViewName, () => string | null>();

/** Properties that decide how a shape looks, and that a style sheet gave it. */
const looks = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'paint-order',
] as const;

/** An SVG element of the page as a document of its own: its style sheet's work is written into it. */
export function documentOf(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement; // a copy is of the same kind
  const originals = [svg, ...svg.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  for (const [i, original] of originals.entries()) {
    const computed = getComputedStyle(original);
    const target = copies[i];
    // as attributes, for a style would be one that the page's security policy has to refuse
    for (const look of looks) target?.setAttribute(look, computed.getPropertyValue(look));
    for (const name of ['role', 'tabindex', 'class', 'aria-label', 'data-do', 'data-export'])
      target?.removeAttribute(name);
  }
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.documentElement).backgroundColor);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

export async function exportView(view: ViewName, form: 'svg' | 'png'): Promise<void> {
  const text = drawings.get(view)?.() ?? null;
  if (text === null) {
    failure.value = { code: 'NOTHING_SHOWN', message: 'There is nothing in this view yet that could be taken away.' };
    return;
  }
  const drawing = new Blob([text], { type: 'image/svg+xml' });
  if (form === 'svg') download(`chorale-${view}.svg`, drawing);
  else download(`chorale-${view}.png`, await pictureOf(drawing));
}

/** Pixels for each of the drawing's units: enough for print. */
const DENSITY = 2;

async function pictureOf(drawing: Blob): Promise<Blob> {
  const address = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width * DENSITY, image.height * DENSITY);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/png' });
  } finally {
    URL.revokeObjectURL(address);
  }
}
