/**
 * Groups with views explored: the membership service with its members, and passive replication on top of them. With Chorale's machines
 * every property holds in every state; with a machine that is broken in one place the property that is about that place fails.
 */
import { describe, expect, test } from '@jest/globals';
import {
  type Explored,
  explore,
  type MembershipSettings,
  membership,
  type PlannedCall,
  type ReplicationSettings,
  replication,
} from 'chorale/explore';
import { type AnyStateMachine, assign, createMachine, emit } from 'xstate';
import bank from '../../examples/bank/service.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import type { ReplicaManagerContext } from '../../machines/passive/context.js';
import { passive } from '../../machines/passive/index.js';
import { replicaManager } from '../../machines/passive/replica-manager.js';
import { takeOver } from '../../machines/passive/view-change.js';
import type { Effect, Effectful } from '../../machines/shared/effects.js';
import { emitEffects } from '../../machines/shared/machine.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import { emptyMap } from '../../machines/shared/persistent-map.js';
import type { Style, StyleSettings } from '../../machines/shared/style.js';

const verdicts = ({ complete, violations, properties }: Explored): unknown => ({
  complete,
  violations,
  verdicts: [...new Set(properties.map(({ verdict }) => verdict))],
});
const allHold = { complete: true, violations: [], verdicts: ['holds'] };

const actions = ({ violations: [violation] }: Explored): string[] => violation?.way.map(({ action }) => action) ?? [];

/** The chart, with what it emits altered on the way. */
function altered(machine: AnyStateMachine, alter: (effect: Effect) => Effect): AnyStateMachine {
  const emitAltered = emit(({ context }: { context: Effectful }) => ({
    type: 'effects',
    effects: context.effects.map(alter),
  }));
  const mapped = (part: unknown): unknown => {
    if (part === emitEffects) return emitAltered;
    if (Array.isArray(part)) return part.map(mapped);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, mapped(value)]));
  };
  return createMachine(mapped(machine.config) as never, machine.implementations as never); // of the same chart
}

describe('membership, every interleaving', () => {
  const explored = (settings: MembershipSettings): Explored => explore(membership(settings));

  test('VS-1: three members, one of them multicasts, any of them crashes at any point', () => {
    expect(verdicts(explored({ suspicions: 0 }))).toEqual(allHold);
  });

  test('GM-4: three members, anybody suspects anybody wrongly at any point', () => {
    expect(verdicts(explored({ crashes: 0, messages: [] }))).toEqual(allHold);
  });

  test('GM-4: the most senior one is suspected wrongly, and may crash: three views at most, none of them two', () => {
    const settings = { suspected: [['rm-2', 'rm-1']], mayCrash: ['rm-3'], messages: [] } as const;
    expect(verdicts(explored(settings))).toEqual(allHold);
  });

  test('VS-2: any member crashes, and one timer fires at any point: what is said again does no harm', () => {
    expect(verdicts(explored({ suspicions: 0, timeouts: 1, messages: [] }))).toEqual(allHold);
  });

  test('GM-7: two members, and three replicas of the service: one member is suspected wrongly', () => {
    const settings = { members: 2, replicas: 3, crashes: 0, suspected: [['rm-2', 'rm-1']], messages: [] } as const;
    expect(verdicts(explored(settings))).toEqual(allHold);
  });

  test('VS-1: a member that reports nothing of what it holds is found', () => {
    const silent = altered(viewSynchronousMember, (effect) =>
      effect.type === 'send' && effect.message.type === 'report'
        ? {
            ...effect,
            message: {
              type: 'report',
              items: effect.message.items.map((report) => ({ ...(report as object), holds: {} })),
            },
          }
        : effect,
    );
    const found = explored({ member: silent, suspicions: 0 });
    expect(found.violations.map(({ property }) => property)).toEqual(['VS-1: who goes on has delivered the same']);
    expect(actions(found)[0]).toMatch(/^rm-1\/group:group is given multicast/);
  });

  test('VS-1: a member that goes on delivering once it has reported is found', () => {
    const { on, ...flushing } = viewSynchronousMember.config.states?.flushing ?? {};
    const { data } = viewSynchronousMember.config.states?.following?.on ?? {};
    const config = { ...viewSynchronousMember.config };
    const states = { ...config.states, flushing: { ...flushing, on: { ...on, data } } };
    const hasty = createMachine({ ...config, states } as never, viewSynchronousMember.implementations as never); // of the same chart
    const found = explored({ member: hasty, suspicions: 0 });
    expect(found.violations).toHaveLength(1);
  });
});

const deposit: PlannedCall = { op: 'deposit', args: ['x', 1] };
const set: PlannedCall = { op: 'setBalance', args: ['x', 5] };

/** Passive replication with another replica manager. */
const withManager = (manager: (object: ReplicatedObject, settings: StyleSettings) => AnyStateMachine): Style => ({
  ...passive,
  roles: { dynamic: { ...passive.roles.dynamic, replicaManager: manager } },
});

describe('passive replication, every interleaving', () => {
  const explored = (settings: Partial<ReplicationSettings>): Explored =>
    explore(
      replication(bank, {
        clients: [[deposit], [set]],
        style: passive,
        replicas: 2,
        mayCrash: ['rm-1'],
        duplicates: 0,
        ...settings,
      }),
    );

  test('PB-8: one backup, two updates, the primary crashes at any point: linearizable, exactly once', () => {
    expect(verdicts(explored({}))).toEqual(allHold);
  });

  test('PB-13: the same with a cold backup', () => {
    expect(verdicts(explored({ backups: 'cold' }))).toEqual(allHold);
  });

  test('PB-5: two backups, two updates, nobody crashes', () => {
    expect(verdicts(explored({ replicas: 3, crashes: 0 }))).toEqual(allHold);
  });

  test('PB-10: the primary lives and is suspected: what clients are told is told once', () => {
    expect(verdicts(explored({ crashes: 0, suspected: [['rm-2', 'rm-1']], clients: [[deposit]] }))).toEqual(allHold);
  });

  test('PB-6: a primary that answers before its backups have the batch is found', () => {
    const style = withManager((object, settings) =>
      replicaManager(object, settings).provide({ guards: { isAgreed: () => true } }),
    );
    const found = explored({ style });
    expect(found.violations.map(({ property }) => property)).toEqual(['what is answered outlives a crash']);
    expect(actions(found)).toHaveLength(3);
  });

  test('PB-13: a cold backup that takes over without its log is found', () => {
    const style = withManager((object, settings) => {
      const { config, implementations } = replicaManager(object, settings);
      const forget = ({ context }: { context: ReplicaManagerContext<unknown> }) =>
        takeOver({ ...context, log: emptyMap(), last: [] }, object);
      const takingOver = {
        ...config.states?.takingOver,
        always: { target: 'primary', actions: [assign(forget), emitEffects] },
      };
      const states = { ...config.states, takingOver };
      return createMachine({ ...config, states } as never, implementations as never); // of the same chart
    });
    const found = explored({ style, backups: 'cold' });
    expect(found.violations.map(({ property }) => property)).toEqual(['what is answered outlives a crash']);
  });
});
