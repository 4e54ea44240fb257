/**
 * Which faults struck, and when, read off the trace.
 */
import { type Fault, parseFault } from '../simulate/faults.js';
import type { Recorder, TraceEvent } from '../trace/format.js';

export interface StruckFault {
  /** ms, virtual. */
  readonly t: number;
  /** The node that it struck; `network` for what concerns no single one. */
  readonly node: string;
  /** In words, such as `crashed`, or the fault as it was asked for. */
  readonly what: string;
}

export class FaultLog implements Recorder {
  readonly struck: StruckFault[] = [];

  record(event: TraceEvent): void {
    const { t, node } = event;
    if (event.kind === 'crashed')
      this.struck.push({ t, node, what: event.reason === 'fault' ? 'crashed' : `crashed: ${event.reason}` });
    else if (event.kind === 'recovered')
      this.struck.push({ t, node, what: `recovered as incarnation ${event.incarnation}` });
    // The others hold from the beginning: they are in the settings, and strike at no moment.
    else if (event.kind === 'fault' && /@|^(partition|suspect|join|leave):/.test(event.fault))
      this.struck.push({ t, node, what: event.fault });
  }

  /** Of the faults asked for, those that wait for a moment which did not come. */
  neverCame(asked: readonly string[]): string[] {
    const left = [...this.struck];
    return asked.filter((text) => {
      const fault = parseFault(text);
      if (!('when' in fault) && fault.kind !== 'partition' && !text.includes('@')) return false;
      const place = left.findIndex((struck) => isStroke(struck, fault, text));
      if (place < 0) return true;
      left.splice(place, 1);
      return false;
    });
  }
}

function isStroke(struck: StruckFault, fault: Fault, text: string): boolean {
  if (fault.kind === 'crash') return struck.node === fault.node && struck.what === 'crashed';
  if (fault.kind === 'recover') return struck.node === fault.node && struck.what.startsWith('recovered');
  return struck.what === text;
}
