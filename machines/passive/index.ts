/**
 * Passive (primary-backup) replication as a style: one replica manager executes, and the others take its state.
 */
import type { AnyStateMachine } from 'xstate';
import type { ReplicatedObject } from '../shared/object.js';
import { proxyClient, proxyClientShapes } from '../shared/proxy-client.js';
import type { Backups, Style, StyleSettings } from '../shared/style.js';
import { atTakeOver } from './backup.js';
import type { ReplicaManagerContext } from './context.js';
import { frontEnd, frontEndShapes } from './front-end.js';
import { replicaManager, replicaManagerShapes } from './replica-manager.js';
import { type RollbackContext, rollbackReplicaManager, rollbackShapes } from './rollback.js';

export const passive = {
  name: 'passive',
  title: 'Passive replication: a primary executes every request and sends its backups what has changed',
  needs: { order: ['fifo'], deterministic: false },
  promises: {
    consistency: ({ reads }) => (reads === 'backups' ? 'sequential' : 'linearizable'),
    /** Given a membership service that outlives them (PB-9); with rollback it comes back or nothing does. A primary that lies is believed. */
    tolerates: (n, model, backups?: Backups) => (model === 'crash' && backups !== 'rollback' ? n - 1 : 0),
    returns: ({ backups }) => backups === 'rollback',
  },
  phases: {
    update: ['RE', 'SC', 'EX', 'AC', 'END'],
    query: ['RE', 'SC', 'EX', 'END'],
    queryAtOne: ['RE', 'EX', 'END'],
  },
  refuses({ tolerate, reads, membership, backups = 'hot', transfer = 'state', deterministic = true }) {
    if (tolerate === 'byzantine') return 'Passive replication cannot tolerate lies: everybody believes the primary.';
    if (reads === 'one') return 'A query goes to the primary or to a backup: set reads to "primary" or "backups".';
    if (reads === 'backups' && backups === 'rollback') return 'There is no backup that could answer queries.';
    if (membership !== undefined && (membership === 'static') !== (backups === 'rollback'))
      return 'Backups take over in a group with views (dynamic); rollback recovery has none, and no views (static).';
    if (reads === 'backups' && backups === 'cold') return 'A cold backup applies nothing, so it cannot answer queries.';
    if (transfer === 'requests' && !deterministic)
      return 'Backups that execute the requests again come to the same state only if operations are deterministic: set transfer to "state".';
    return null;
  },
  membershipFor: ({ backups }) => (backups === 'rollback' ? 'static' : 'dynamic'),
  roles: {
    dynamic: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings) => replicaManager(object, settings),
      frontEnd,
      // The primary waits for all its backups itself.
      uniform: () => false,
      replicaOf: ({ value, context }, object) =>
        // the context of this machine
        value === 'deposed' || value === 'starting'
          ? null
          : atTakeOver(context as ReplicaManagerContext<unknown>, object),
      shapes: { frontEnd: frontEndShapes, replicaManager: replicaManagerShapes },
      intake: { frontEnd: ['call'], replicaManager: ['requests', 'read'] },
      leases: true,
      names: true,
    },
    static: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings): AnyStateMachine =>
        rollbackReplicaManager(object, settings),
      frontEnd,
      uniform: () => false,
      replicaOf: ({ value, context }) =>
        // the context of this machine
        value === 'spare' || value === 'recovering' ? null : (context as RollbackContext<unknown>).acknowledged,
      shapes: { frontEnd: frontEndShapes, replicaManager: rollbackShapes },
      intake: { frontEnd: ['call'], replicaManager: ['requests'] },
    },
  },
  proxyClient: (settings: StyleSettings) => ({ machine: proxyClient(settings), shapes: proxyClientShapes }),
} as const satisfies Style;
