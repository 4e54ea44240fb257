/** The command, run in the tests' own process: what it prints and the code that it ends with. */
import { run } from '../../runtime/cli/cli.js';
import type { Io } from '../../runtime/cli/io.js';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal and with nothing on standard input, unless `world` says otherwise. */
export async function runCommand(
  words: readonly string[],
  world: Partial<Io> & Pick<Io, 'cwd'>,
  command = run,
): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const code = await command([...words], {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: (async function* () {})(),
    color: false,
    progressAfter: null,
    interrupted: new AbortController().signal,
    ...world,
  });
  return { code, stdout, stderr };
}
