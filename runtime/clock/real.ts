/** The clock on the wall, as Node and browsers have it. */
import type { Clock } from './clock.js';

export function realClock(): Clock {
  const start = performance.now();
  return {
    now: () => performance.now() - start,
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    // the handle is whatever setTimeout above gave: a number in a browser, an object in Node
    clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    defer: deferral(),
  };
}

/** A turn of the event loop without the least delay that browsers give to a timer. */
function deferral(): (callback: () => void) => void {
  if (typeof setImmediate === 'function') return (callback) => void setImmediate(callback);
  if (typeof MessageChannel !== 'function') return (callback) => void setTimeout(callback, 0);
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  // a browser's port; the types here are Node's
  (port1 as unknown as { onmessage: () => void }).onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(null);
  };
}
