/**
 * Storage on disk. By itself, for it needs a native add-on, which no bundle for a browser can hold.
 *
 * @packageDocumentation
 */
export { levelStorage } from './level.js';
export type { Storage, StorageProvider } from './storage.js';
