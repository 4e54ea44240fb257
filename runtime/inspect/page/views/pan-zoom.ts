/** Moving about in a drawing: wheel, drag, two fingers, keys. It sets one transform; nothing is drawn anew. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Area extends Size {
  readonly x: number;
  readonly y: number;
}

const LEAST = 0.15;
const MOST = 4;
/** Below this a whole chart cannot be read, and a part of it is shown at first, this large. */
const READABLE = 0.6;
const READABLE_PART = 0.8;
/** px around the drawing when it is shown whole. */
const MARGIN = 20;
/** px for each press of an arrow key. */
const STEP = 60;

export class PanZoom {
  readonly #svg: SVGSVGElement;
  readonly #moving: SVGGElement;
  #drawing: Size = { width: 1, height: 1 };
  /** Of the view. Measured when it changes: asking while a frame is made would have the browser lay it out twice. */
  #room: Size;
  #scale = 1;
  #x = 0;
  #y = 0;
  /** Shown whole until somebody moves it. */
  #isFitted = true;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #ending = new AbortController();
  readonly #onScale: (scale: number) => void;

  constructor(svg: SVGSVGElement, moving: SVGGElement, onScale: (scale: number) => void) {
    this.#svg = svg;
    this.#moving = moving;
    this.#onScale = onScale;
    this.#room = this.#measured();
    const { signal } = this.#ending;
    svg.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    svg.addEventListener('pointerdown', (event) => this.#down(event), { signal });
    svg.addEventListener('pointermove', (event) => this.#move(event), { signal });
    for (const kind of ['pointerup', 'pointercancel'] as const)
      svg.addEventListener(kind, (event) => this.#up(event), { signal });
    svg.addEventListener('keydown', (event) => this.#key(event), { signal });
    const watcher = new ResizeObserver(() => {
      this.#room = this.#measured();
      if (this.#isFitted) this.fit();
    });
    watcher.observe(svg);
    signal.addEventListener('abort', () => watcher.disconnect());
  }

  end(): void {
    this.#ending.abort();
  }

  /** A drawing: whole, unless nobody could read it then; if so, a part of it with this in the middle. */
  show(drawing: Size, middle: Area | null): void {
    this.#drawing = drawing;
    this.fit();
    if (this.#scale < READABLE && middle !== null) this.#around(middle, READABLE_PART);
  }

  /** All of it, in the middle; never larger than it is. */
  fit(): void {
    const { width, height } = this.#room;
    if (width === 0 || height === 0) return;
    const { width: w, height: h } = this.#drawing;
    this.#scale = Math.max(LEAST, Math.min(1, (width - 2 * MARGIN) / w, (height - 2 * MARGIN) / h));
    this.#x = (width - w * this.#scale) / 2;
    this.#y = Math.max(MARGIN, (height - h * this.#scale) / 2);
    this.#apply(true);
  }

  /** By this factor, around a point of the view, or its middle. */
  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const { width, height } = this.#room;
    const { x, y } = at ?? { x: width / 2, y: height / 2 };
    const scale = Math.max(LEAST, Math.min(MOST, this.#scale * factor));
    const by = scale / this.#scale;
    this.#x = x - (x - this.#x) * by;
    this.#y = y - (y - this.#y) * by;
    this.#scale = scale;
    this.#apply(false);
  }

  /** As large as it is, with this in the middle. */
  full(area: Area): void {
    this.#around(area, 1);
  }

  /** Moves it as little as brings this into view. */
  reveal(area: Area): void {
    if (this.#isFitted) return;
    const { width, height } = this.#room;
    const dx = shift(this.#x + area.x * this.#scale, area.width * this.#scale, width);
    const dy = shift(this.#y + area.y * this.#scale, area.height * this.#scale, height);
    if (dx === 0 && dy === 0) return;
    this.#x += dx;
    this.#y += dy;
    this.#apply(false);
  }

  /** In the middle, as far as the drawing goes. */
  #around(area: Area, scale: number): void {
    const { width, height } = this.#room;
    this.#scale = scale;
    this.#x = held(width / 2 - (area.x + area.width / 2) * scale, this.#drawing.width * scale, width);
    this.#y = held(height / 2 - (area.y + area.height / 2) * scale, this.#drawing.height * scale, height);
    this.#apply(false);
  }

  #measured(): Size {
    const { width, height } = this.#svg.getBoundingClientRect();
    return { width, height };
  }

  #apply(isFitted: boolean): void {
    this.#isFitted = isFitted;
    this.#moving.setAttribute('transform', `translate(${this.#x} ${this.#y}) scale(${this.#scale})`);
    this.#onScale(this.#scale);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { left, top } = this.#svg.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    const amount = Math.max(-120, Math.min(120, event.deltaY * lines));
    this.zoom(Math.exp(-amount / (event.ctrlKey ? 100 : 400)), { x: event.clientX - left, y: event.clientY - top });
  }

  #down(event: PointerEvent): void {
    // Text is there to be selected, and what can be pressed to be pressed.
    if (event.button !== 0 || (event.target instanceof Element && event.target.closest('text, .transition') !== null))
      return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#svg.setPointerCapture(event.pointerId);
    this.#svg.classList.add('dragged');
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other === undefined) {
      this.#x += now.x - before.x;
      this.#y += now.y - before.y;
      this.#apply(false);
      return;
    }
    const { left, top } = this.#svg.getBoundingClientRect();
    const spread = (point: { x: number; y: number }): number => Math.hypot(point.x - other.x, point.y - other.y);
    this.zoom(spread(now) / Math.max(1, spread(before)), {
      x: (now.x + other.x) / 2 - left,
      y: (now.y + other.y) / 2 - top,
    });
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#svg.classList.remove('dragged');
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, () => void> = {
      '+': () => this.zoom(1.25),
      '=': () => this.zoom(1.25),
      '-': () => this.zoom(0.8),
      '0': () => this.fit(),
      ArrowLeft: () => this.#by(STEP, 0),
      ArrowRight: () => this.#by(-STEP, 0),
      ArrowUp: () => this.#by(0, STEP),
      ArrowDown: () => this.#by(0, -STEP),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  #by(x: number, y: number): void {
    this.#x += x;
    this.#y += y;
    this.#apply(false);
  }
}

/** A place for the beginning of something so long that no more room is left beside it than there must be. */
const held = (from: number, length: number, room: number): number =>
  length <= room - 2 * MARGIN ? (room - length) / 2 : Math.min(MARGIN, Math.max(room - MARGIN - length, from));

/** How far a stretch must move to be between 0 and the room, with a margin; its beginning where it is too long. */
function shift(from: number, length: number, room: number): number {
  if (length > room - 2 * MARGIN) return from > MARGIN || from + length < room - MARGIN ? MARGIN - from : 0;
  if (from < MARGIN) return MARGIN - from;
  return from + length > room - MARGIN ? room - MARGIN - (from + length) : 0;
}
