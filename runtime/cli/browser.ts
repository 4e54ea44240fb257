/**
 * Opens an address in the browser of whoever sits here. Where there is none, nothing happens: the address has been printed.
 */
import { spawn } from 'node:child_process';

/** What each system opens an address with. */
export function browserCommand(system: NodeJS.Platform, url: string): readonly [command: string, ...words: string[]] {
  if (system === 'darwin') return ['open', url];
  // no shell of its own, so nothing in the address means anything
  if (system === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return ['xdg-open', url];
}

export function openBrowser(url: string): void {
  const [command, ...words] = browserCommand(process.platform, url);
  const child = spawn(command, words, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
