/**
 * Opens the inspector of a cluster that is started with `inspect`. The server needs Node, and what applications import must run in a
 * browser too: so it is no import of this file's, but is asked for by its public name at the time, and no bundler follows that.
 */
import { ChoraleError } from '../errors.js';

export interface InspectorSettings {
  /** Default: any that is free. */
  readonly port?: number;
  /** Default `127.0.0.1`: nobody on another machine can come in. */
  readonly host?: string;
  /** What lets a viewer in, 16 or more letters, digits, - and _. Default: a new one each time. */
  readonly token?: string;
  /** Whether viewers may send requests to the cluster. Default false. */
  readonly requests?: boolean;
}

/** What `chorale/inspect` exports. */
interface Inspecting<Inspected> {
  inspect(cluster: Inspected, settings: InspectorSettings): Promise<{ readonly url: string }>;
}

/** Says where it is on standard error. Errors: INSPECTOR_FAILED, SETTINGS_INVALID. */
export async function openInspector<Inspected>(cluster: Inspected, settings: InspectorSettings): Promise<void> {
  const { inspect } = await inspecting<Inspected>();
  const { url } = await inspect(cluster, settings);
  console.error(`chorale: the inspector is at ${url}`);
}

async function inspecting<Inspected>(): Promise<Inspecting<Inspected>> {
  const name = ['chorale', 'inspect'].join('/');
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    throw new ChoraleError(
      'INSPECTOR_FAILED',
      `The inspector needs Node and the installed package: ${name} is not here.`,
      {
        cause,
      },
    );
  }
}
