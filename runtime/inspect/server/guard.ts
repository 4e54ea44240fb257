/**
 * Who may come in. A page on any site can make a browser send requests to this machine; three things keep it out. Its name: a site
 * that lets its own name point here (DNS rebinding) is known by the Host header. Its origin: a browser says where a script is from. And
 * the token, which nobody has who was not given the address: nothing but the page's own files is to be had without it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

export interface Asking {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** Why a request is refused; null where it is not. `name` is what the server was told to listen on. */
export function refusal({ host, origin }: Asking, name: string): string | null {
  if (host === undefined || !isOwn(nameIn(host), name)) return 'This name is not the inspector’s own.';
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
    return 'A page of another origin may not ask.';
  return null;
}

/** A host without its port. An IPv6 address loses its brackets. */
function nameIn(host: string): string {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

/** Numbers cannot be made to point elsewhere, and `localhost` is kept for this machine. */
function isOwn(host: string, name: string): boolean {
  return isIP(host) !== 0 || host === 'localhost' || (host !== '' && host === name.toLowerCase());
}

/** Takes as long whatever is given. */
export function sameToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
