/**
 * Lamport's logical clock (Lamport 1978): a number that grows along every chain of cause and effect, so that
 * a → b implies L(a) < L(b). The converse does not hold: a smaller number says nothing (vector timestamps do).
 */
export type LamportClock = number;

/** An event of the process itself, a send among them: the clock after it, which is the event's timestamp. */
export const tick = (clock: LamportClock): LamportClock => clock + 1;

/** The receipt of a message that was sent at `sentAt`: the clock after it. */
export const receive = (clock: LamportClock, sentAt: LamportClock): LamportClock => Math.max(clock, sentAt) + 1;
