/**
 * Independent replicas as a style: the counter-example, which promises nothing.
 */
import type { ReplicatedObject } from '../shared/object.js';
import { proxyClient, proxyClientShapes } from '../shared/proxy-client.js';
import type { Style, StyleSettings } from '../shared/style.js';
import { frontEnd, frontEndShapes } from './front-end.js';
import { type ReplicaManagerContext, replicaManager, replicaManagerShapes } from './replica-manager.js';

export const local = {
  name: 'local',
  title: 'Independent replicas: each answers for itself and passes its updates on in the background',
  needs: { order: ['unordered', 'fifo', 'causal'], deterministic: false },
  promises: {
    consistency: () => 'none',
    /** An answered update can die with the only replica that has it. */
    tolerates: () => 0,
  },
  phases: { update: ['RE', 'EX', 'END', 'AC'], query: ['RE', 'EX', 'END'] },
  refuses: ({ tolerate }) =>
    tolerate === 'byzantine'
      ? 'Independent replicas cannot tolerate lies: one replica answers, and nobody votes.'
      : null,
  roles: {
    static: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings) => replicaManager(object, settings),
      frontEnd,
      uniform: () => false,
      // the context of this machine
      // Its table does not know what others have executed and passed on.
      replicaOf: ({ value, context }) =>
        value === 'silent' ? null : { ...(context as ReplicaManagerContext<unknown>), executed: null },
      shapes: { frontEnd: frontEndShapes, replicaManager: replicaManagerShapes },
      intake: { frontEnd: ['call'], replicaManager: ['requests'] },
    },
  },
  proxyClient: (settings: StyleSettings) => ({ machine: proxyClient(settings), shapes: proxyClientShapes }),
} as const satisfies Style;
