/** A run as an address and as a file: what brings back exactly this run, here or on the command line. */
import type { Run } from '../protocol.js';

/** The parameters in the part of the address after `#`: the run, and the place that was looked at. */
const [RUN, PLACE] = ['run', 'at'];

/** The run in the part of an address after `#`, as a file that is read like any other, and the place in it; null where there is none. */
export async function linkIn(hash: string): Promise<{ readonly file: File; readonly place: number } | null> {
  const parameters = new URLSearchParams(hash.slice(1));
  const packed = parameters.get(RUN);
  if (packed === null) return null;
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const text = await new Response(
      new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')),
    ).text();
    return { file: new File([text], 'The run in the address'), place: Number(parameters.get(PLACE) ?? 0) || 0 };
  } catch (cause) {
    throw new Error('The address holds a run that cannot be read: it may have been cut off when it was copied.', {
      cause,
    });
  }
}

export async function addressOf(run: Run, place: number): Promise<string> {
  const packed = new Blob([fileOf(run)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const name = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `${location.href.replace(/#.*$/, '')}#${RUN}=${name}&${PLACE}=${place}`;
}

/** As `chorale sim --save` writes it; `chorale replay` takes it. */
export const fileOf = ({ service, property, scenario }: Run): string =>
  `${JSON.stringify({ kind: 'scenario', v: 1, service, ...(property === undefined ? {} : { property }), scenario }, null, 2)}\n`;

/** Hands a file to the viewer. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
