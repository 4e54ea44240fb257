#!/usr/bin/env node
/**
 * The `chorale` command, as a process.
 */
import { run } from './cli.js';

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
// Whoever read the output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  cwd: process.cwd(),
  color: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  progressAfter: process.stderr.isTTY === true ? 1000 : null,
  interrupted: interruption.signal,
});
// Interrupted while it waited for standard input, it waits no more.
process.stdin.destroy();
