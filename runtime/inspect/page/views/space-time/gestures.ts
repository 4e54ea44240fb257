/** Wheel, pointers and keys on the picture. */
import { chosen, lookAt, timeline } from '../../model.js';
import { type Hit, hitAt } from './hit.js';
import { timeOf } from './scale.js';
import type { Scene } from './scene.js';
import { lookAtTime, pan, showAll, shown, size, step, zoom } from './state.js';

/** px that a pointer may move in what is still a click. */
const STILL = 4;
/** px that an arrow key moves the picture. */
const KEY_PAN = 120;
const KEY_ZOOM = 1.4;

export interface Surface {
  readonly element: HTMLElement;
  readonly scene: () => Scene | null;
  readonly hover: (hit: Hit | null) => void;
}

export function listen({ element, scene, hover }: Surface): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const at = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const hit = (event: MouseEvent): Hit | null => {
    const now = scene();
    const { x, y } = at(event);
    return now === null ? null : hitAt(now, x, y);
  };
  const handlers = {
    wheel(event: WheelEvent) {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const [dx, dy] = [event.deltaX * lines, event.deltaY * lines];
      // A pinch on a touchpad comes as a wheel with this key.
      if (event.ctrlKey) zoom(Math.exp(-dy * 0.01), at(event).x);
      else if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) pan(-(dx === 0 ? dy : dx));
      else zoom(Math.exp(-dy * 0.0016), at(event).x);
    },
    pointerdown(event: PointerEvent) {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      if (pointers.size === 0) moved = 0;
      pointers.set(event.pointerId, at(event));
      hover(null);
    },
    pointermove(event: PointerEvent) {
      const before = pointers.get(event.pointerId);
      const now = at(event);
      if (before === undefined) {
        hover(hit(event));
        return;
      }
      pointers.set(event.pointerId, now);
      moved += Math.abs(now.x - before.x);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        if (moved > STILL) pan(now.x - before.x);
        return;
      }
      const spread = (one: { x: number }): number => Math.max(Math.abs(one.x - other.x), 8);
      zoom(spread(now) / spread(before), (now.x + other.x) / 2);
    },
    pointerup(event: PointerEvent) {
      if (!pointers.delete(event.pointerId) || moved > STILL) return;
      const found = hit(event);
      chosen.value = found === null ? null : { kind: found.kind, index: found.index };
    },
    pointercancel(event: PointerEvent) {
      pointers.delete(event.pointerId);
    },
    pointerleave() {
      hover(null);
    },
    dblclick(event: MouseEvent) {
      const found = hit(event);
      if (found === null) lookAtTime(timeOf(shown.value, size.value.width, at(event).x));
      else lookAt(found.index + 1);
    },
    keydown(event: KeyboardEvent) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (!key(event.key, event.shiftKey)) return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
  element.addEventListener('wheel', handlers.wheel, { passive: false });
  const names = ['pointerdown', 'pointermove', 'pointerup', 'pointercancel', 'pointerleave'] as const;
  for (const name of names) element.addEventListener(name, handlers[name]);
  element.addEventListener('dblclick', handlers.dblclick);
  element.addEventListener('keydown', handlers.keydown);
  return () => {
    element.removeEventListener('wheel', handlers.wheel);
    for (const name of names) element.removeEventListener(name, handlers[name]);
    element.removeEventListener('dblclick', handlers.dblclick);
    element.removeEventListener('keydown', handlers.keydown);
  };
}

/** Whether the key means something here. */
function key(name: string, shift: boolean): boolean {
  switch (name) {
    case '+':
    case '=':
      zoom(KEY_ZOOM);
      return true;
    case '-':
    case '−':
      zoom(1 / KEY_ZOOM);
      return true;
    case '0':
      showAll();
      return true;
    case 'ArrowLeft':
      if (shift) step(-1);
      else pan(KEY_PAN);
      return true;
    case 'ArrowRight':
      if (shift) step(1);
      else pan(-KEY_PAN);
      return true;
    case 'Escape':
      chosen.value = null;
      return true;
    case 'Home':
      lookAt(0);
      return true;
    case 'End':
      lookAt(timeline.value.length);
      return true;
    default:
      return false;
  }
}
