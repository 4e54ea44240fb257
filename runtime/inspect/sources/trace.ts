/** What is told of a trace in a file, whoever reads it: the page that it was dropped onto, or a server. */
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import { type ChartDescription, describe } from '../charts/describe.js';
import type { Command, Report, Run } from '../protocol.js';
import { Recording } from './recording.js';

type Of<Is extends Report['is']> = Extract<Report, { is: Is }>;

export const traceOpened = (run: Run | null, charts: readonly ChartDescription[]): Of<'opened'> => ({
  is: 'opened',
  source: 'trace',
  service: run?.service ?? '',
  run,
  operations: [],
  charts,
  abilities: { control: false, request: false, context: 'none' },
});

/** `loaded` is the share that has been read. */
export const traceStanding = (run: Run | null, loaded: number, ended: boolean): Of<'standing'> => ({
  is: 'standing',
  now: 0,
  running: !ended,
  ended,
  loaded,
  run,
});

export const notOfTraces = ({ do: what }: Command): ChoraleError =>
  new ChoraleError(
    'NOT_ALLOWED',
    `A trace has happened already, and can only be looked at: "${what}" is for simulations. "Set up" runs it again.`,
  );

/** The charts of a run. Errors: SETTINGS_INVALID, STYLE_UNSUITED, INPUT_INVALID. */
export function chartsOf(service: AnyService, { scenario, property = 'sequential' }: Run): ChartDescription[] {
  const { machines } = new Recording(service, scenario, property);
  return [...machines.values()].map(describe);
}
