/**
 * Charts laid out, each definition once: in a worker, and kept over reloads where the browser lets us. A page built otherwise, or
 * another font, begins anew.
 */
import ELK from 'elkjs/lib/elk-api.js';
import type { ChartDescription } from '../charts/describe.js';
import { type ChartLayout, layout } from '../charts/layout.js';
import { type Font, fonts, type Measure } from '../charts/text.js';

const layouts = new Map<string, Promise<ChartLayout>>();
let elk: InstanceType<typeof ELK> | null = null;

export function layoutOf(chart: ChartDescription): Promise<ChartLayout> {
  const key = JSON.stringify(chart);
  const known = layouts.get(key);
  if (known !== undefined) return known;
  const made = kept(key, () => layout(chart, measure, worker()));
  layouts.set(key, made);
  made.catch(() => layouts.delete(key)); // whoever asked is told; the next one tries again
  return made;
}

function worker(): InstanceType<typeof ELK> {
  elk ??= new ELK({
    workerFactory: () => new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module', name: 'layout' }),
  });
  return elk;
}

let canvas: CanvasRenderingContext2D | null = null;

/** As the browser draws it, by the font of the page. */
export const measure: Measure = (text, font: Font) => {
  canvas ??= document.createElement('canvas').getContext('2d');
  if (canvas === null) return text.length * 8;
  canvas.font = `${fonts[font]} ${getComputedStyle(document.documentElement).fontFamily}`;
  return Math.ceil(canvas.measureText(text).width * 2) / 2;
};

const SHELF = 'layouts';
/** Layouts that are kept; more are more than one page shows. */
const MOST = 100;

/** From the browser's store, or made and put there. Without a store (a private window) each page makes its own. */
async function kept(chart: string, make: () => Promise<ChartLayout>): Promise<ChartLayout> {
  const key = `${import.meta.url} ${measure('The quick brown fox', 'text')} ${measure('jumps', 'title')} ${chart}`;
  const shelf = await open().catch(() => null);
  const found =
    shelf === null ? undefined : await ask(shelf, 'readonly', (store) => store.get(key)).catch(() => undefined);
  if (found !== undefined) return found as ChartLayout; // nothing else is put there
  const made = await make();
  if (shelf !== null) await put(shelf, key, made).catch(() => {}); // a full store loses nothing but time
  return made;
}

async function put(shelf: IDBDatabase, key: string, made: ChartLayout): Promise<void> {
  const count = await ask(shelf, 'readonly', (store) => store.count());
  if (count >= MOST) await ask(shelf, 'readwrite', (store) => store.clear());
  await ask(shelf, 'readwrite', (store) => store.put(made, key));
}

let opening: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('chorale-inspector', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(SHELF);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('The store of layouts is held by an older page.'));
  });
  return opening;
}

const ask = <Result>(
  shelf: IDBDatabase,
  mode: IDBTransactionMode,
  what: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const request = what(shelf.transaction(SHELF, mode).objectStore(SHELF));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
