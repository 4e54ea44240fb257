/** Moving about in a drawing: wheel, drag, two fingers, keys. It sets one transform; nothing is drawn anew. */
import {
  type Area,
  around,
  type Frame,
  fitting,
  followingFrame,
  held,
  isReadable,
  revealing,
  type Size,
  wholeFrame,
} from './chart-frame.js';

const LEAST = 0.15;
const MOST = 4;
/** px for each press of an arrow key. */
const STEP = 60;
/** ms that it takes to go from one part to another, and from the beginning of one such way to the next at least. */
const [GLIDE, CALM] = [240, 600];

/** `follow`: what is active is kept in sight, as large as can be read. `whole`: all of it. `own`: as somebody has moved it. */
export type Mode = 'follow' | 'whole' | 'own';

/** px at the bottom of the view. */
const BUTTONS = 34;

export class PanZoom {
  readonly #svg: SVGSVGElement;
  readonly #moving: SVGGElement;
  #drawing: Size = { width: 1, height: 1 };
  /** Of the view, without where the buttons are. Measured when it changes: asking while a frame is made would have the browser lay it out twice. */
  #room: Size;
  #frame: Frame = { scale: 1, x: 0, y: 0 };
  #mode: Mode = 'follow';
  /** What is active: the states around it from the outermost, and itself. */
  #active: readonly Area[] = [];
  #gliding = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #begun = 0;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #ending = new AbortController();
  readonly #onChange: (scale: number, mode: Mode) => void;

  constructor(svg: SVGSVGElement, moving: SVGGElement, onChange: (scale: number, mode: Mode) => void) {
    this.#svg = svg;
    this.#moving = moving;
    this.#onChange = onChange;
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
      if (this.#mode === 'whole') this.fit();
      else if (this.#mode === 'follow') this.follow();
      else this.#apply(this.#frame);
    });
    watcher.observe(svg);
    signal.addEventListener('abort', () => {
      watcher.disconnect();
      this.#rest();
    });
  }

  end(): void {
    this.#ending.abort();
  }

  /** Another drawing, of which this is active. */
  show(drawing: Size, active: readonly Area[]): void {
    this.#drawing = drawing;
    this.#active = active;
    this.follow();
  }

  /** All of it, in the middle. */
  fit(): void {
    this.#rest();
    this.#mode = 'whole';
    this.#apply(wholeFrame(this.#drawing, this.#room));
  }

  /** Goes to what is active, and stays with it. */
  follow(): void {
    this.#rest();
    this.#mode = 'follow';
    this.#apply(followingFrame(this.#drawing, this.#room, this.#active));
  }

  /** Something else is active. It stays where it is if that can be seen, so that nothing moves that need not. */
  see(active: readonly Area[]): void {
    this.#active = active;
    const area = active.at(-1);
    if (area === undefined || this.#mode === 'whole') return;
    if (this.#mode === 'own') this.#apply(revealing(this.#drawing, this.#room, this.#frame, area));
    else if (this.#waiting === undefined)
      this.#waiting = setTimeout(() => this.#glide(), Math.max(0, this.#begun + CALM - performance.now()));
  }

  /** By this factor, around a point of the view, or its middle. */
  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const { width, height } = this.#room;
    const { x, y } = at ?? { x: width / 2, y: height / 2 };
    const { scale: before, x: left, y: top } = this.#frame;
    const least = Math.min(LEAST, fitting(this.#drawing, this.#room));
    const scale = Math.max(least, Math.min(MOST, before * factor));
    const by = scale / before;
    this.#take({ scale, x: x - (x - left) * by, y: y - (y - top) * by });
  }

  /** As large as it is, with this in the middle. */
  full(area: Area): void {
    this.#take(around(this.#drawing, this.#room, area, 1));
  }

  /** In a short while, so that the eye can follow; at once where somebody wants little motion. */
  #glide(): void {
    this.#waiting = undefined;
    const area = this.#active.at(-1);
    if (area === undefined || isReadable(this.#room, this.#frame, area)) return;
    const from = this.#frame;
    const to = followingFrame(this.#drawing, this.#room, this.#active);
    const begun = performance.now();
    this.#begun = begun;
    cancelAnimationFrame(this.#gliding);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#apply(to);
      return;
    }
    const go = (now: number): void => {
      const part = Math.max(0, Math.min(1, (now - begun) / GLIDE));
      const way = part * part * (3 - 2 * part);
      const mix = (of: keyof Frame): number => from[of] + (to[of] - from[of]) * way;
      this.#apply({ scale: mix('scale'), x: mix('x'), y: mix('y') });
      if (part < 1) this.#gliding = requestAnimationFrame(go);
    };
    this.#gliding = requestAnimationFrame(go);
  }

  #rest(): void {
    cancelAnimationFrame(this.#gliding);
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  /** As somebody wants it. */
  #take(frame: Frame): void {
    this.#rest();
    this.#mode = 'own';
    this.#apply(frame);
  }

  #measured(): Size {
    const { width, height } = this.#svg.getBoundingClientRect();
    return { width, height: Math.max(0, height - BUTTONS) };
  }

  #apply(frame: Frame): void {
    if (this.#room.width === 0 || this.#room.height === 0) return;
    this.#frame = held(this.#drawing, this.#room, frame);
    const { scale, x, y } = this.#frame;
    this.#moving.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    this.#onChange(scale, this.#mode);
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
      this.#by(now.x - before.x, now.y - before.y);
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

  #by(dx: number, dy: number): void {
    const { scale, x, y } = this.#frame;
    this.#take({ scale, x: x + dx, y: y + dy });
  }
}
