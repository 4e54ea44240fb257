/** The picture itself, with the cursor over it. Drawn again at most once a frame, and only when what it shows has changed. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { kindNumber } from '../../../timeline/chunk.js';
import { cursor, lookAt, nodes, send, timeline, told } from '../../model.js';
import { CanvasPen, type Palette } from './canvas-pen.js';
import { listen } from './gestures.js';
import type { Hit } from './hit.js';
import { paletteOf, themes } from './palette.js';
import { draw } from './picture.js';
import { timeOf, xOf } from './scale.js';
import { type Scene, sceneOf } from './scene.js';
import {
  clocked,
  clocksLack,
  colouring,
  control,
  cursorTime,
  focus,
  isAtEdge,
  lookAtTime,
  shown,
  size,
  stageNow,
  step,
} from './state.js';
import { Tip } from './tip.js';
import { msText, placeText } from './words.js';

export function Picture({ onRows }: { readonly onRows: (rows: readonly number[]) => void }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRef<Scene | null>(null);
  const hovered = useSignal<Hit | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const { current: element } = canvas;
    if (element === null) return;
    const hover = (hit: Hit | null): void => {
      if (hit?.index === hovered.value?.index && hit?.kind === hovered.value?.kind) return;
      hovered.value = hit;
      element.style.cursor = hit === null ? '' : 'pointer';
      // A delivery's vector timestamp is in the event only.
      if (hit !== null && timeline.value.kind.at(hit.index) === kindNumber.delivered)
        send({ do: 'event', index: hit.index });
    };
    return listen({ element, scene: () => scene.current, hover });
  }, [hovered]);
  useDrawing(canvas, scene, onRows);
  return (
    <div class="space-time-frame" ref={frame}>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label="Space-time diagram. Plus and minus zoom, 0 shows all, arrow keys move; with shift they step from event to event of what is chosen."
        aria-describedby="space-time-summary"
      />
      <Cursor />
      <Tip hit={hovered} />
    </div>
  );
}

function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  scene: { current: Scene | null },
  onRows: (rows: readonly number[]) => void,
): void {
  const palette = useRef<{ readonly theme: number; readonly colours: Palette } | null>(null);
  const due = useRef(0);
  useSignalEffect(() => {
    // All that the picture depends on.
    told.value;
    nodes.value;
    clocked.value;
    const theme = themes.value;
    const { width, height } = size.value;
    const window = shown.value;
    const options = { width, height, colouring: colouring.value, control: control.value, focus: focus.value };
    cancelAnimationFrame(due.current);
    const paint = (): void => {
      const { current: element } = canvas;
      const on = element?.getContext('2d');
      if (element === null || on === null || on === undefined || width === 0) return;
      if (palette.current?.theme !== theme)
        palette.current = { theme, colours: paletteOf(element.parentElement ?? element) };
      const ratio = devicePixelRatio;
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (element.width !== across || element.height !== down) {
        element.width = across;
        element.height = down;
      }
      on.setTransform(ratio, 0, 0, ratio, 0, 0);
      on.clearRect(0, 0, width, height);
      const stage = stageNow();
      if (clocksLack(stage)) due.current = requestAnimationFrame(paint);
      const made = sceneOf(stage, window, options);
      draw(made, new CanvasPen(on, palette.current.colours));
      scene.current = made;
      onRows(made.rows);
    };
    due.current = requestAnimationFrame(paint);
  });
  useEffect(() => () => cancelAnimationFrame(due.current), []);
}

/** A line at the place that all views show; what comes after it is veiled. It can be dragged, and moved with arrow keys. */
function Cursor() {
  const line = useRef<HTMLDivElement>(null);
  const veil = useRef<HTMLDivElement>(null);
  const label = useRef<HTMLSpanElement>(null);
  useSignalEffect(() => {
    told.value;
    cursor.value;
    const { width } = size.value;
    const window = shown.value;
    const t = cursorTime();
    const atEdge = isAtEdge(window);
    const x = atEdge ? 0 : xOf(window, width, t);
    const inside = x >= -1 && x <= width + 1;
    if (line.current !== null) {
      line.current.style.transform = `translateX(${x}px)`;
      line.current.style.visibility = inside ? 'visible' : 'hidden';
      line.current.classList.toggle('at-the-right', x > width - 80);
      line.current.classList.toggle('at-the-left', x < 40);
    }
    if (veil.current !== null) {
      const begins = Math.max(0, Math.min(width, x + 1));
      const ended = cursor.value >= timeline.value.length;
      veil.current.style.transform = `translateX(${begins}px)`;
      veil.current.style.visibility = ended ? 'hidden' : 'visible';
    }
    if (label.current !== null) label.current.textContent = `${atEdge ? '‹ ' : ''}${msText(t)}`;
  });
  const summary = useComputed(() => {
    told.value;
    return msText(cursorTime());
  });
  const drag = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const left = line.current?.parentElement?.getBoundingClientRect().left ?? 0;
    lookAtTime(timeOf(shown.value, size.value.width, event.clientX - left));
  };
  return (
    <>
      <div class="space-time-veil" ref={veil} />
      <div class="space-time-cursor" ref={line}>
        <div
          class="handle"
          role="slider"
          tabIndex={0}
          aria-label="Cursor in time"
          aria-valuemin={0}
          aria-valuemax={timeline.value.length}
          aria-valuenow={cursor.value}
          aria-valuetext={summary.value}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            event.preventDefault();
            event.currentTarget.focus();
          }}
          onPointerMove={drag}
          onKeyDown={(event) => {
            if (event.key === 'ArrowLeft') step(-1);
            else if (event.key === 'ArrowRight') step(1);
            else if (event.key === 'Home') lookAt(0);
            else if (event.key === 'End') lookAt(timeline.value.length);
            else return;
            event.preventDefault();
          }}
        >
          <span ref={label} />
        </div>
      </div>
    </>
  );
}

/** What is true at the cursor, for those who do not see the picture. */
export function Summary() {
  const text = useComputed(() => {
    told.value;
    return placeText(timeline.value, Math.min(cursor.value, timeline.value.length));
  });
  return (
    <p id="space-time-summary" class="space-time-hidden" aria-live="polite">
      {text}
    </p>
  );
}
