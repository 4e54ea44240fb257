/**
 * Where services come from: the examples that come with the package, and modules of the user's own.
 *
 * Compiled, this file is dist/runtime/cli/catalogue.js with the examples' code in dist/examples; from source both are
 * one level higher up. The examples' request files are not compiled: they are in the package's examples/ in both cases.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ChoraleError } from '../errors.js';
import type { Configuration } from '../explore/configuration.js';
import type { AnyService } from '../service/index.js';
import type { Workload } from '../simulate/scenario.js';

const here = fileURLToPath(import.meta.url);
const extension = extname(here);
const code = resolve(dirname(here), '../../examples');
const root = resolve(dirname(here), extension === '.js' ? '../../..' : '../..');

export interface FoundService {
  readonly service: AnyService;
  /** One line on what it shows; null for a module that does not say. */
  readonly about: string | null;
  /** The requests that come with it; null where it has none of its own. */
  readonly requests: string | null;
  /** Its export `workload`: what random calls of it are. */
  readonly workload: Workload | null;
}

export interface FoundExploration {
  readonly exploration: (settings: Readonly<Record<string, number>>) => Configuration;
  /** As it was asked for. */
  readonly path: string;
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }; // npm's format
  return version;
}

export function exampleNames(): readonly string[] {
  return readdirSync(code)
    .filter((name) => existsSync(exampleModule(name)))
    .sort();
}

/**
 * The service of an example by its name, or of a module by its path.
 * Errors: INPUT_INVALID (no such example or file, no service in it), and what the module throws when it defines one.
 */
export async function findService(nameOrPath: string, cwd: string): Promise<FoundService> {
  if (/^[\w-]+$/.test(nameOrPath)) {
    const names = exampleNames();
    if (!names.includes(nameOrPath)) {
      throw new ChoraleError(
        'INPUT_INVALID',
        `There is no example "${nameOrPath}": there are ${names.join(', ')}. The path of a module has a "/" or "." in it: ./${nameOrPath}.js`,
      );
    }
    const requests = join(root, 'examples', nameOrPath, 'requests.jsonl');
    return { ...(await load(exampleModule(nameOrPath))), requests };
  }
  const path = resolve(cwd, nameOrPath);
  if (!existsSync(path)) throw new ChoraleError('INPUT_INVALID', `There is no module ${nameOrPath}.`);
  return { ...(await load(path)), requests: null };
}

const exampleModule = (name: string): string => join(code, name, `service${extension}`);

async function load(path: string): Promise<Omit<FoundService, 'requests'>> {
  const module = await imported(path);
  const about = typeof module.about === 'string' ? module.about : null;
  const workload = typeof module.workload === 'function' ? (module.workload as Workload) : null; // what it draws is checked
  if (isService(module.default)) return { service: module.default, about, workload };
  const services = Object.values(module).filter(isService);
  const [service] = services;
  if (service !== undefined && services.length === 1) return { service, about, workload };
  throw new ChoraleError(
    'INPUT_INVALID',
    services.length === 0
      ? `The module ${basename(path)} exports no service: export default service('name', { … }).`
      : `The module ${basename(path)} exports ${services.length} services: make one of them the default export.`,
  );
}

/** Errors: INPUT_INVALID, and what the module throws of Chorale's own. */
async function imported(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof ChoraleError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ChoraleError('INPUT_INVALID', `The module ${basename(path)} cannot be loaded: ${why}`, { cause: error });
  }
}

/**
 * The exploration of an example by its name, or of a module by its path: its export `exploration`, a function of settings.
 * Errors: INPUT_INVALID, and what the module throws when it is loaded.
 */
export async function findExploration(nameOrPath: string, cwd: string): Promise<FoundExploration> {
  const isName = /^[\w-]+$/.test(nameOrPath);
  const path = isName ? explorationModule(nameOrPath) : resolve(cwd, nameOrPath);
  if (!existsSync(path)) {
    const names = explorationNames().join(', ');
    throw new ChoraleError(
      'INPUT_INVALID',
      isName
        ? `There is no exploration "${nameOrPath}": there are ${names}. The path of a module has a "/" or "." in it: ./${nameOrPath}.js`
        : `There is no module ${nameOrPath}.`,
    );
  }
  const { exploration } = await imported(path);
  if (typeof exploration === 'function')
    // What it returns is looked at when it is explored.
    return { exploration: exploration as FoundExploration['exploration'], path: nameOrPath };
  throw new ChoraleError(
    'INPUT_INVALID',
    `The module ${basename(path)} explores nothing: export function exploration(settings) { return { … }; }`,
  );
}

export function explorationNames(): readonly string[] {
  return readdirSync(code)
    .filter((name) => existsSync(explorationModule(name)))
    .sort();
}

const explorationModule = (name: string): string => join(code, name, `exploration${extension}`);

/** By what it can do, and not by its class: the user's module may have a copy of Chorale of its own. */
function isService(value: unknown): value is AnyService {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Record<string, unknown>; // any object can be asked for its properties
  const methods = ['initial', 'execute', 'digest', 'validate', 'kindOf'];
  return (
    typeof candidate.name === 'string' &&
    Array.isArray(candidate.operations) &&
    methods.every((method) => typeof candidate[method] === 'function')
  );
}
