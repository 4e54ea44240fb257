/**
 * The simplest estimator of a failure detector (Chandra & Toueg 1996, section 3): silence that is long enough is a
 * suspicion. How quickly it detects and how often it is wrong are one number, chosen beforehand.
 */
export interface FixedTimeout {
  readonly kind: 'timeout';
  /** ms of silence after which a node is suspected: several heartbeat intervals. */
  readonly timeout: number;
}

export const isSilentTooLong = (settings: FixedTimeout, silence: number): boolean => silence >= settings.timeout;
