/** The ways that partitions cut, from the words of the faults in force. Pure. */
import { parseFault } from '../../simulate/faults.js';

/** `from>to`, for each direction. */
export function cutsOf(faults: Iterable<string>): ReadonlySet<string> {
  const cuts = new Set<string>();
  for (const text of faults) {
    if (!text.startsWith('partition:')) continue;
    const fault = parseFault(text);
    if (fault.kind !== 'partition') continue;
    for (const a of fault.from) {
      for (const b of fault.to) {
        cuts.add(`${a}>${b}`);
        if (!fault.oneWay) cuts.add(`${b}>${a}`);
      }
    }
  }
  return cuts;
}
