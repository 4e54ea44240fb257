/** Writes a picture as the elements of an SVG file. */
import { type Colour, cutText, type Fill, type Lettering, type Pen, type Stroke } from './pen.js';

const FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

const round = (value: number): string => String(Math.round(value * 100) / 100);
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export class SvgPen implements Pen {
  readonly #elements: string[] = [];
  readonly #palette: Readonly<Record<Colour, string>>;

  constructor(palette: Readonly<Record<Colour, string>>) {
    this.#palette = palette;
  }

  /** The whole file. */
  file(width: number, height: number, title: string): string {
    const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}" role="img">`,
      `<title>${escaped(title)}</title>`,
      `<rect width="100%" height="100%" fill="${this.#palette.raised}"/>`,
      ...this.#elements,
      '</svg>',
      '',
    ].join('\n');
  }

  /** What is drawn until the end is moved, and cut to this size. */
  begin(x: number, y: number, width: number, height: number): void {
    const size = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
    this.#elements.push(`<svg ${size} overflow="hidden">`);
  }

  end(): void {
    this.#elements.push('</svg>');
  }

  lines(ends: readonly number[], style: Stroke): void {
    const path: string[] = [];
    for (let i = 0; i + 3 < ends.length; i += 4) {
      const [x1, y1, x2, y2] = ends.slice(i, i + 4).map(round);
      path.push(`M${x1} ${y1}L${x2} ${y2}`);
    }
    this.#path(path, this.#stroke(style));
  }

  triangles(corners: readonly number[], style: Fill): void {
    const path: string[] = [];
    for (let i = 0; i + 5 < corners.length; i += 6) {
      const [x1, y1, x2, y2, x3, y3] = corners.slice(i, i + 6).map(round);
      path.push(`M${x1} ${y1}L${x2} ${y2}L${x3} ${y3}Z`);
    }
    this.#path(path, this.#fill(style));
  }

  boxes(boxes: readonly number[], style: Fill): void {
    const path: string[] = [];
    const { radius = 0 } = style;
    for (let i = 0; i + 3 < boxes.length; i += 4) {
      const [x, y, width, height] = boxes.slice(i, i + 4).map(round);
      if (radius > 0)
        this.#elements.push(
          `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" ${this.#fill(style)}/>`,
        );
      else path.push(`M${x} ${y}h${width}v${height}h-${width}Z`);
    }
    this.#path(path, this.#fill(style));
  }

  discs(discs: readonly number[], style: Fill): void {
    this.#circles(discs, this.#fill(style));
  }

  rings(rings: readonly number[], style: Stroke): void {
    this.#circles(rings, this.#stroke(style));
  }

  text(x: number, y: number, text: string, style: Lettering): void {
    const { size = 11, bold = false, align = 'left', room = Number.POSITIVE_INFINITY, turn = 0, alpha = 1 } = style;
    const shown = cutText(text, room, size);
    if (shown === '') return;
    const anchor = { left: 'start', center: 'middle', right: 'end' }[align];
    const attributes = [
      `x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" dominant-baseline="central"`,
      `fill="${this.#palette[style.colour]}"`,
      ...(bold ? ['font-weight="600"'] : []),
      ...(alpha === 1 ? [] : [`opacity="${round(alpha)}"`]),
      ...(turn === 0 ? [] : [`transform="rotate(${round(turn)} ${round(x)} ${round(y)})"`]),
      ...(style.halo === true
        ? [`paint-order="stroke" stroke="${this.#palette.raised}" stroke-width="3.5" stroke-linejoin="round"`]
        : []),
    ];
    this.#elements.push(`<text ${attributes.join(' ')}>${escaped(shown)}</text>`);
  }

  #path(parts: readonly string[], style: string): void {
    if (parts.length > 0) this.#elements.push(`<path d="${parts.join('')}" ${style}/>`);
  }

  #circles(circles: readonly number[], style: string): void {
    for (let i = 0; i + 2 < circles.length; i += 3) {
      const [x, y, radius] = circles.slice(i, i + 3).map(round);
      this.#elements.push(`<circle cx="${x}" cy="${y}" r="${radius}" ${style}/>`);
    }
  }

  #stroke({ colour, width = 1, alpha = 1, dash = [] }: Stroke): string {
    const dashes = dash.length === 0 ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
    return `fill="none" stroke="${this.#palette[colour]}" stroke-width="${width}" stroke-opacity="${round(alpha)}"${dashes}`;
  }

  #fill({ colour, alpha = 1 }: Fill): string {
    return `fill="${this.#palette[colour]}" fill-opacity="${round(alpha)}"`;
  }
}
