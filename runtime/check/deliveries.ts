/**
 * Checks delivery logs against the rules of multicast (MC-1 to MC-4): what each process was handed, and what was sent.
 * It knows nothing of how the messages travelled. Time is linear in the sizes of the logs and of the pasts, for each
 * process; `total` compares the processes in pairs.
 */

/** One message that a process was handed, in the order in which it was. */
export interface Delivered {
  readonly sender: string;
  /** The sender's own count, from 1. */
  readonly seq: number;
  /** Place in the total order, in groups that have one. */
  readonly number?: number;
}

export interface ProcessLog {
  readonly process: string;
  /** It did not crash. */
  readonly correct: boolean;
  readonly delivered: readonly Delivered[];
}

/** A message that was multicast. */
export interface Sent {
  readonly sender: string;
  readonly seq: number;
  /** Its sender did not crash. */
  readonly correct: boolean;
  /**
   * Messages that the sender had handled, or heard of, when it sent. Those in the past of another one listed may be
   * left out, and so may the sender's own earlier messages and what was in their past.
   */
  readonly past: readonly { readonly sender: string; readonly seq: number }[];
}

export interface DeliveryLog {
  /** Every message that was multicast, after all those in its past. */
  readonly sent: readonly Sent[];
  readonly processes: readonly ProcessLog[];
}

/**
 * `integrity`: at most once, and only what was sent. `validity`: a correct sender's message is delivered by every
 * correct process. `agreement`: so is what any correct process delivers; `uniform agreement`: what any process
 * delivers. (These three hold once everything under way has arrived.) `fifo`, `causal`: MC-2, MC-3. `total`: MC-4
 * among the correct processes; `uniform total`: among all.
 */
export const deliveryRules = [
  'integrity',
  'validity',
  'agreement',
  'uniform agreement',
  'fifo',
  'causal',
  'total',
  'uniform total',
] as const;
export type DeliveryRule = (typeof deliveryRules)[number];

export interface Violation {
  readonly rule: DeliveryRule;
  /** Who handled a message wrongly, or should have handled it. */
  readonly process: string;
  readonly why: string;
}

export function violations(log: DeliveryLog, rule: DeliveryRule): Violation[] {
  return checks[rule](log).map(([process, why]) => ({ rule, process, why }));
}

type Found = readonly [process: string, why: string];

const idOf = ({ sender, seq }: { readonly sender: string; readonly seq: number }): string => `${sender}#${seq}`;
const correctOf = (log: DeliveryLog): readonly ProcessLog[] => log.processes.filter(({ correct }) => correct);

const checks: Readonly<Record<DeliveryRule, (log: DeliveryLog) => Found[]>> = {
  integrity,
  validity: (log) =>
    missing(log, new Set(log.sent.filter(({ correct }) => correct).map(idOf)), 'its sender is correct'),
  agreement: (log) => missing(log, handledBy(correctOf(log)), 'a correct process handled it'),
  'uniform agreement': (log) => missing(log, handledBy(log.processes), 'a process handled it'),
  fifo,
  causal,
  total: (log) => total(correctOf(log)),
  'uniform total': (log) => total(log.processes),
};

function integrity({ sent, processes }: DeliveryLog): Found[] {
  const known = new Set(sent.map(idOf));
  return processes.flatMap(({ process, delivered }) => {
    const handled = new Set<string>();
    return delivered.flatMap((message): Found[] => {
      const id = idOf(message);
      if (!known.has(id)) return [[process, `handled ${id}, which was never sent`]];
      if (handled.has(id)) return [[process, `handled ${id} twice`]];
      handled.add(id);
      return [];
    });
  });
}

const handledBy = (processes: readonly ProcessLog[]): Set<string> =>
  new Set(processes.flatMap(({ delivered }) => delivered.map(idOf)));

/** The correct processes that did not handle what they had to. */
function missing(log: DeliveryLog, due: ReadonlySet<string>, reason: string): Found[] {
  return correctOf(log).flatMap(({ process, delivered }) => {
    const handled = new Set(delivered.map(idOf));
    return [...due]
      .filter((id) => !handled.has(id))
      .map((id): Found => [process, `never handled ${id}, though ${reason}`]);
  });
}

/** Each sender's messages in its own order and without a gap: who handles one has handled all before it. */
function fifo({ processes }: DeliveryLog): Found[] {
  return processes.flatMap(({ process, delivered }) => {
    const last = new Map<string, number>();
    return delivered.flatMap(({ sender, seq }): Found[] => {
      const before = last.get(sender) ?? 0;
      last.set(sender, Math.max(before, seq));
      if (seq === before + 1) return [];
      return [[process, `handled ${sender}#${seq} next after ${sender}#${before}`]];
    });
  });
}

/** What nobody correct handled of a crashed sender is lost: it is in nobody's way. */
function causal(log: DeliveryLog): Found[] {
  const handled = handledBy(correctOf(log));
  const lost = (message: Sent): boolean => !message.correct && !handled.has(idOf(message));
  return log.processes.flatMap((process) => causalAt(process, log.sent, lost));
}

/** For each message, the last handled one of its whole past: that one must have come before the message itself. */
function causalAt(
  { process, delivered }: ProcessLog,
  sent: readonly Sent[],
  lost: (message: Sent) => boolean,
): Found[] {
  const places = new Map(delivered.map((message, place) => [idOf(message), place] as const));
  const latest = new Map<string, { readonly id: string; readonly place: number }>();
  const found: Found[] = [];
  for (const message of sent) {
    let last = { id: '', place: -1 };
    const own = message.seq > 1 ? [{ sender: message.sender, seq: message.seq - 1 }] : [];
    for (const before of [...own, ...message.past]) {
      const known = latest.get(idOf(before));
      if (known === undefined)
        throw new RangeError(`${idOf(message)} has ${idOf(before)} in its past, which is not listed before it.`);
      if (known.place > last.place) last = known;
    }
    const id = idOf(message);
    const place = places.get(id);
    if (place !== undefined && last.place > place) {
      const late = last.place === Number.POSITIVE_INFINITY ? 'without' : 'before';
      found.push([process, `handled ${id} ${late} ${last.id}, which is in its past`]);
    }
    const self = { id, place: place ?? (lost(message) ? -1 : Number.POSITIVE_INFINITY) };
    latest.set(id, self.place > last.place ? self : last);
  }
  return found;
}

/** If one handles r before r', whoever handles r' has handled r before it. */
function total(processes: readonly ProcessLog[]): Found[] {
  const logs = processes.map(({ process, delivered }) => ({ process, order: delivered.map(idOf) }));
  const pairs = logs.flatMap((one) => logs.flatMap((other) => (one === other ? [] : totalOf(one, other))));
  return [...pairs, ...numbers(processes)];
}

interface Sequence {
  readonly process: string;
  readonly order: readonly string[];
}

/** The other handles each message only after all that this one handled before it. */
function totalOf(one: Sequence, other: Sequence): Found[] {
  const places = new Map(one.order.map((id, place) => [id, place] as const));
  const handled = new Set<string>();
  const found: Found[] = [];
  let prefix = 0;
  for (const id of other.order) {
    const place = places.get(id);
    handled.add(id);
    if (place === undefined) continue;
    while (prefix < one.order.length && handled.has(one.order[prefix] ?? '')) prefix += 1;
    if (prefix <= place) {
      found.push([
        other.process,
        `handled ${id} and not before it ${one.order[prefix]}, which ${one.process} handled before it`,
      ]);
    }
  }
  return found;
}

/** Where places are told: each has one message, the same for all, and nobody leaves one out. */
function numbers(processes: readonly ProcessLog[]): Found[] {
  const holders = new Map<number, string>();
  return processes.flatMap(({ process, delivered }) =>
    delivered.flatMap((message, i): Found[] => {
      const { number } = message;
      if (number === undefined) return [];
      const id = idOf(message);
      const holder = holders.get(number) ?? id;
      holders.set(number, holder);
      if (holder !== id) return [[process, `handled ${id} as number ${number}, which is ${holder}'s`]];
      const before = delivered[i - 1]?.number ?? number - 1;
      return before + 1 === number ? [] : [[process, `handled number ${number} next after ${before}`]];
    }),
  );
}
