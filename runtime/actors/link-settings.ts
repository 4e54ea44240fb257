/**
 * What a link waits for, and how much it keeps.
 */
export interface LinkSettings {
  /** ms until an unacknowledged frame is sent again for the first time; more where the round trip takes longer. */
  readonly retransmitAfter: number;
  /** ms between two transmissions of one frame at most. */
  readonly retransmitMax: number;
  /** ms that an acknowledgement waits at most for a frame to travel with. */
  readonly acknowledgeAfter: number;
  /** Unacknowledged frames beyond which the link is congested. */
  readonly highWater: number;
  /** Unacknowledged frames, and bytes of them, beyond which the link breaks; also what is kept of frames past a gap. */
  readonly limit: number;
  readonly limitBytes: number;
  /** ms of silence, while something is unacknowledged, after which the link breaks. */
  readonly giveUpAfter: number;
}

export const linkDefaults: LinkSettings = {
  retransmitAfter: 50,
  retransmitMax: 1000,
  acknowledgeAfter: 5,
  highWater: 256,
  limit: 4096,
  limitBytes: 64 * 1024 * 1024,
  giveUpAfter: 30_000,
};
