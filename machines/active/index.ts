/**
 * Active replication as a style: every replica manager executes every request, in one total order.
 */
import type { ReplicatedObject } from '../shared/object.js';
import { proxyClient, proxyClientShapes } from '../shared/proxy-client.js';
import type { Style, StyleSettings } from '../shared/style.js';
import { frontEnd, frontEndShapes } from './front-end.js';
import type { MemberReplicaManagerContext } from './member-context.js';
import { memberReplicaManager, memberReplicaManagerShapes } from './member-replica-manager.js';
import { observerFrontEnd, observerFrontEndShapes } from './observer-front-end.js';
import { type ReplicaManagerContext, replicaManager, replicaManagerShapes } from './replica-manager.js';
import { faultsTolerated } from './votes.js';

export const active = {
  name: 'active',
  title: 'Active replication: all replica managers execute every request in the same order',
  needs: {
    order: ['total', 'fifo-total', 'causal-total'],
    deterministic: true,
    provider: ['sequencer', 'agreed'],
  },
  promises: {
    consistency: ({ reads }) => (reads === 'order' ? 'linearizable' : 'sequential'),
    /** Given that the order survives: what provides it has a tolerance of its own. */
    tolerates: faultsTolerated,
  },
  phases: {
    update: ['RE', 'SC', 'EX', 'END'],
    query: ['RE', 'SC', 'EX', 'END'],
    queryAtOne: ['RE', 'EX', 'END'],
  },
  refuses({ tolerate, reads, proxy, membership }) {
    if (tolerate !== 'byzantine') return null;
    if (membership === 'dynamic')
      return 'Replica managers that may lie cannot come and go: they could lie about what they hold, and about the state that they send to a new one.';
    if (proxy)
      return 'A client cannot use a proxy while replica managers may lie: the proxy could change the answer after the vote.';
    if (reads === 'one')
      return 'Queries cannot go to one replica manager while it may lie: there would be no vote on the answer.';
    return null;
  },
  roles: {
    static: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings) => replicaManager(object, settings),
      frontEnd,
      uniform: () => true,
      // the context of this machine
      replicaOf: ({ value, context }) => (value === 'silent' ? null : (context as ReplicaManagerContext<unknown>)),
      shapes: { frontEnd: frontEndShapes, replicaManager: replicaManagerShapes },
      intake: { frontEnd: ['call'], replicaManager: ['read'] },
    },
    dynamic: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings) => memberReplicaManager(object, settings),
      frontEnd: observerFrontEnd,
      // An answer waits for all members, so delivery need not; but a read at one replica manager sees what that one alone may have.
      uniform: ({ reads }) => reads === 'one',
      // the context of this machine
      replicaOf: ({ value, context }) =>
        value === 'awaiting' ? (context as MemberReplicaManagerContext<unknown>) : null,
      shapes: { frontEnd: observerFrontEndShapes, replicaManager: memberReplicaManagerShapes },
      intake: { frontEnd: ['call'], replicaManager: ['read'] },
    },
  },
  proxyClient: (settings: StyleSettings) => ({ machine: proxyClient(settings), shapes: proxyClientShapes }),
} as const satisfies Style;
