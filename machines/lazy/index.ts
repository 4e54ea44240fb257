/**
 * Lazy master-slave replication as a style (PB-14): quick, and it promises nothing.
 */
import { frontEnd, frontEndShapes } from '../passive/front-end.js';
import type { ReplicatedObject } from '../shared/object.js';
import { proxyClient, proxyClientShapes } from '../shared/proxy-client.js';
import type { Style, StyleSettings } from '../shared/style.js';
import type { LazyContext } from './context.js';
import { replicaManager, replicaManagerShapes } from './replica-manager.js';

export const lazy = {
  name: 'lazy',
  title:
    'Lazy master-slave: the master answers at once and brings its slaves up to date later; queries go to any replica',
  needs: { order: ['fifo'], deterministic: false },
  promises: {
    consistency: () => 'none',
    /** An answered update can die with the master. */
    tolerates: () => 0,
    goesOnWithout: (n) => n - 1,
  },
  phases: { update: ['RE', 'EX', 'END', 'AC'], query: ['RE', 'EX', 'END'] },
  refuses: ({ tolerate }) =>
    tolerate === 'byzantine' ? 'Lazy replication cannot tolerate lies: one replica answers, and nobody votes.' : null,
  roles: {
    dynamic: {
      replicaManager: (object: ReplicatedObject, settings: StyleSettings) => replicaManager(object, settings),
      // That of passive replication with reads at backups: what a slave makes of the version in a query is its own affair.
      frontEnd: (settings: StyleSettings) =>
        frontEnd({ ...settings, reads: settings.reads === 'primary' ? 'primary' : 'backups' }),
      uniform: () => false,
      replicaOf: ({ value, context }) =>
        // the machine's own state and context
        value === 'starting' ||
        value === 'deposed' ||
        (typeof value === 'object' && value !== null && 'joining' in value)
          ? null
          : (context as LazyContext<unknown>).current,
      shapes: { frontEnd: frontEndShapes, replicaManager: replicaManagerShapes },
      intake: { frontEnd: ['call'], replicaManager: ['requests', 'read'] },
      names: true,
    },
  },
  proxyClient: (settings: StyleSettings) => ({ machine: proxyClient(settings), shapes: proxyClientShapes }),
} as const satisfies Style;
