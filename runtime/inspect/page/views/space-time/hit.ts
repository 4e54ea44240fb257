/** What of a scene is at a point: the smallest thing that is near enough. */
import type { Scene } from './scene.js';

export interface Hit {
  readonly kind: 'event' | 'message';
  /** Of a message, that of its `sent`. */
  readonly index: number;
  readonly x: number;
  readonly y: number;
  /** How many of its kind are here as well, too near to be told apart. */
  readonly more: number;
}

/** px. */
const NEAR = { mark: 8, arrow: 6 };

export function hitAt(scene: Scene, x: number, y: number): Hit | null {
  return markAt(scene, x, y) ?? blockAt(scene, x, y) ?? arrowAt(scene, x, y) ?? spanAt(scene, x, y);
}

function markAt(scene: Scene, x: number, y: number): Hit | null {
  let best: Hit | null = null;
  let least = NEAR.mark;
  const views = scene.views.map((view) => ({ ...view, y: view.y - 9 }));
  for (const mark of [...scene.crosses, ...scene.dots, ...views]) {
    const distance = Math.hypot(mark.x - x, mark.y - y);
    if (distance >= least) continue;
    least = distance;
    best = { kind: 'event', index: mark.index, x: mark.x, y: mark.y, more: 'count' in mark ? mark.count - 1 : 0 };
  }
  return best;
}

function blockAt(scene: Scene, x: number, y: number): Hit | null {
  for (const block of [...scene.chips, ...scene.blocks]) {
    const inside = x >= block.x - 1 && x <= block.x + block.width + 1 && y >= block.y && y <= block.y + block.height;
    if (inside) return { kind: 'event', index: block.index, x, y: block.y, more: 0 };
  }
  return null;
}

function arrowAt(scene: Scene, x: number, y: number): Hit | null {
  let best: Hit | null = null;
  let least = NEAR.arrow;
  for (const { index, x1, y1, x2, y2, dim } of scene.arrows) {
    const distance = distanceTo(x, y, x1, y1, x2, y2) + (dim ? 2 : 0);
    if (distance >= least) continue;
    least = distance;
    best = { kind: 'message', index, x, y, more: 0 };
  }
  return best;
}

/** Held back, a fault that lasts, or what is missing. */
function spanAt(scene: Scene, x: number, y: number): Hit | null {
  for (const held of scene.held)
    if (x >= held.x1 && x <= held.x2 && Math.abs(y - held.y) < 5)
      return { kind: 'event', index: held.index, x, y, more: 0 };
  for (const fault of scene.faults)
    if (x >= fault.x - 5 && x <= fault.x + fault.width + 5 && y >= fault.y && y < fault.y + 17)
      return { kind: 'event', index: fault.index, x, y, more: 0 };
  for (const gap of scene.gaps)
    if (x >= gap.x && x <= gap.x + gap.width && y >= scene.axis)
      return { kind: 'event', index: gap.index, x, y, more: 0 };
  return null;
}

function distanceTo(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const square = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const along = square === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / square));
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}
