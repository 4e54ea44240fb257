/**
 * How a cluster stands at a moment, for whoever asks.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Roles } from '../../machines/shared/style.js';
import type { View } from '../../machines/shared/view.js';
import type { ActorStanding } from '../actors/node-parts.js';

/** A replica manager as it stands. */
export interface ReplicaStatus {
  readonly node: string;
  /** `silent`: it came back and has no state to speak from. `joining`: it is being sent the state. */
  readonly state: 'live' | 'silent' | 'joining' | 'crashed';
  /** Updates executed. */
  readonly version: number;
  /** Digest of its state; equal states have equal digests. */
  readonly digest: string | null;
}

/** The same, with what it would go on from; null while it has no state to speak from. */
export interface Standing extends Pick<ReplicaStatus, 'state'> {
  readonly node: NodeId;
  readonly replica: ReturnType<Roles['replicaOf']>;
}

/** A node as it stands, for whoever comes to look while the cluster runs. */
export interface NodeStanding {
  readonly node: NodeId;
  /** The last that it had. */
  readonly incarnation: number;
  readonly up: boolean;
  readonly actors: readonly ActorStanding[];
  /** The views that its groups have come to last. */
  readonly views: readonly View[];
}
