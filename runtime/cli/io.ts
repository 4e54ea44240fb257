/**
 * The world as the command sees it, handed in so that a test can be the world.
 */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** Where relative paths begin. */
  readonly cwd: string;
  /** Standard output is a terminal that shows colour. */
  readonly color: boolean;
  /** Real ms after which a run says how far it is; null where nobody waits at a terminal. */
  readonly progressAfter: number | null;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Where the user's own data come from. */
export type Input = Pick<Io, 'stdin' | 'cwd' | 'interrupted'>;

/** What the process ends with. */
export const exitCodes = {
  /** Every request was answered, and rightly, and the live replicas agree; the history has the property. */
  right: 0,
  /** The run, or the check, went through, and something was not right. */
  wrong: 1,
  /** The input was wrong: nothing was run. */
  input: 2,
  /** Nothing wrong was found, and a limit came before everything had been looked at. */
  unknown: 3,
  /** Ended by Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;
