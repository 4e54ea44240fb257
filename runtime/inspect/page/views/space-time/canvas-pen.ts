/** Draws on a canvas, in the colours of the page. */
import { type Colour, cutText, type Fill, type Lettering, type Pen, type Stroke } from './pen.js';

export type Palette = Readonly<Record<Colour, string>>;

const FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

export class CanvasPen implements Pen {
  readonly #on: CanvasRenderingContext2D;
  readonly #palette: Palette;
  #font = '';

  constructor(on: CanvasRenderingContext2D, palette: Palette) {
    this.#on = on;
    this.#palette = palette;
  }

  lines(ends: readonly number[], style: Stroke): void {
    if (ends.length === 0) return;
    const on = this.#on;
    this.#stroke(style);
    on.beginPath();
    for (let i = 0; i + 3 < ends.length; i += 4) {
      on.moveTo(ends[i] ?? 0, ends[i + 1] ?? 0);
      on.lineTo(ends[i + 2] ?? 0, ends[i + 3] ?? 0);
    }
    on.stroke();
  }

  triangles(corners: readonly number[], style: Fill): void {
    if (corners.length === 0) return;
    const on = this.#on;
    this.#fill(style);
    on.beginPath();
    for (let i = 0; i + 5 < corners.length; i += 6) {
      on.moveTo(corners[i] ?? 0, corners[i + 1] ?? 0);
      on.lineTo(corners[i + 2] ?? 0, corners[i + 3] ?? 0);
      on.lineTo(corners[i + 4] ?? 0, corners[i + 5] ?? 0);
    }
    on.fill();
  }

  boxes(boxes: readonly number[], style: Fill): void {
    if (boxes.length === 0) return;
    const on = this.#on;
    this.#fill(style);
    on.beginPath();
    const { radius = 0 } = style;
    for (let i = 0; i + 3 < boxes.length; i += 4) {
      const [x = 0, y = 0, width = 0, height = 0] = [boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]];
      // Round corners are slow, and not seen in the small.
      if (radius > 0 && width > 8) on.roundRect(x, y, width, height, radius);
      else on.rect(x, y, width, height);
    }
    on.fill();
  }

  discs(discs: readonly number[], style: Fill): void {
    if (discs.length === 0) return;
    this.#fill(style);
    this.#circles(discs);
    this.#on.fill();
  }

  rings(rings: readonly number[], style: Stroke): void {
    if (rings.length === 0) return;
    this.#stroke(style);
    this.#circles(rings);
    this.#on.stroke();
  }

  text(x: number, y: number, text: string, style: Lettering): void {
    const on = this.#on;
    const { size = 11, bold = false, align = 'left', room = Number.POSITIVE_INFINITY, turn = 0 } = style;
    const shown = cutText(text, room, size);
    if (shown === '') return;
    const font = `${bold ? '600 ' : ''}${size}px ${FONT}`;
    // to set it costs more than to draw a word
    if (font !== this.#font) on.font = font;
    this.#font = font;
    on.textAlign = align;
    on.textBaseline = 'middle';
    on.globalAlpha = style.alpha ?? 1;
    if (turn !== 0) {
      on.save();
      on.translate(x, y);
      on.rotate((turn * Math.PI) / 180);
    }
    const [left, middle] = turn === 0 ? [x, y] : [0, 0];
    if (style.halo === true) {
      on.strokeStyle = this.#palette.raised;
      on.lineWidth = 3.5;
      on.lineJoin = 'round';
      on.setLineDash([]);
      on.strokeText(shown, left, middle);
    }
    on.fillStyle = this.#palette[style.colour];
    on.fillText(shown, left, middle);
    if (turn !== 0) on.restore();
  }

  #stroke({ colour, width = 1, alpha = 1, dash = [] }: Stroke): void {
    this.#on.strokeStyle = this.#palette[colour];
    this.#on.lineWidth = width;
    this.#on.globalAlpha = alpha;
    this.#on.setLineDash([...dash]);
  }

  #fill({ colour, alpha = 1 }: Fill): void {
    this.#on.fillStyle = this.#palette[colour];
    this.#on.globalAlpha = alpha;
  }

  #circles(circles: readonly number[]): void {
    const on = this.#on;
    on.beginPath();
    for (let i = 0; i + 2 < circles.length; i += 3) {
      const [x = 0, y = 0, radius = 0] = [circles[i], circles[i + 1], circles[i + 2]];
      on.moveTo(x + radius, y);
      on.arc(x, y, radius, 0, 2 * Math.PI);
    }
  }
}
