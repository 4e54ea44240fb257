/**
 * Active replication explored: with Chorale's machines every property holds in every state; with a machine that is broken
 * in one place the property that is about that place fails, and the way there is a shortest one.
 */
import { describe, expect, test } from '@jest/globals';
import {
  type Configuration,
  type Explored,
  type ExploreSettings,
  explore,
  type PlannedCall,
  replication,
} from 'chorale/explore';
import { type AnyStateMachine, assign, setup } from 'xstate';
import bank from '../../examples/bank/service.js';
import { active } from '../../machines/active/index.js';
import type { GroupInput, GroupRole } from '../../machines/multicast/index.js';
import { groupMachine } from '../../machines/multicast/index.js';
import type { Delivery, Effect, Effectful, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { emitEffects, noEffects } from '../../machines/shared/machine.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Batch } from '../../machines/shared/requests.js';
import { rolesOf, type Style } from '../../machines/shared/style.js';

const deposit: PlannedCall = { op: 'deposit', args: ['x', 1] };
const set: PlannedCall = { op: 'setBalance', args: ['x', 5] };
const balance: PlannedCall = { op: 'getBalance', args: ['x'] };

/** Only these properties. */
const only = (configuration: Configuration, ...names: string[]): Configuration => ({
  ...configuration,
  properties: configuration.properties.filter(({ name }) => names.includes(name)),
});

const actions = ({ violations: [violation] }: Explored): string[] => violation?.way.map(({ action }) => action) ?? [];

/** A member that delivers what is ordered as it comes. */
const hasty = setup({
  types: {
    context: {} as Effectful & { readonly input: GroupInput },
    input: {} as GroupInput,
    events: {} as Incoming<'ordered', Delivery>,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  id: 'hasty member',
  context: ({ input }) => ({ input, effects: noEffects }),
  on: {
    ordered: {
      actions: [
        assign({
          effects: ({ context, event }): Effect[] => [
            { type: 'deliver', group: context.input.group, deliveries: event.items },
          ],
        }),
        emitEffects,
      ],
    },
  },
});

const hastyGroup = (role: GroupRole): AnyStateMachine =>
  role === 'member' ? hasty : groupMachine(role, 'total').machine;

/** A replica manager that executes whatever is delivered, and does not remember what it has executed. */
function forgetful(object: ReplicatedObject): AnyStateMachine {
  interface Context extends Effectful {
    readonly value: unknown;
  }
  const execute = ({ value }: Context, items: readonly Delivery[]): Partial<Context> => {
    const requests = items.flatMap(({ payload }) => (payload as unknown as Batch).requests);
    return {
      value: object.execute(value, requests).value,
      effects: [
        { type: 'phase', phase: 'EX', requests: requests.map(({ session, seq }) => `${session}#${seq}` as never) },
      ],
    };
  };
  return setup({
    types: { context: {} as Context, events: {} as Incoming<'delivered', Delivery>, emitted: {} as EffectsEmitted },
  }).createMachine({
    id: 'forgetful replica manager',
    context: { value: object.initial(), effects: noEffects },
    on: { delivered: { actions: [assign(({ context, event }) => execute(context, event.items)), emitEffects] } },
  });
}

describe('active replication, every interleaving', () => {
  test('AR-6: three replica managers, two clients, one crash at any point of which all hear: every property holds', () => {
    const explored = explore(replication(bank, { clients: [[deposit], [set]], duplicates: 0 }));
    expect(explored).toMatchObject({ complete: true, violations: [], states: 41634 });
    expect(new Set(explored.properties.map(({ verdict }) => verdict))).toEqual(new Set(['holds']));
  });

  test('AR-14: one message comes twice, one replica manager crashes and nobody hears of it: every property holds', () => {
    const explored = explore(replication(bank, { clients: [[deposit], [set]], told: false }));
    expect(explored).toMatchObject({ complete: true, violations: [], states: 12718 });
  });

  test('AR-1: a client that calls twice, one after the other', () => {
    const explored = explore(
      replication(bank, { clients: [[deposit, balance], [set]], replicas: 2, told: false, duplicates: 0 }),
    );
    expect(explored).toMatchObject({ complete: true, violations: [] });
  });

  test('the verdicts are the same with and without symmetry and reduction, breadth first and depth first', () => {
    const configurations = [
      replication(bank, { clients: [[deposit], [set]], replicas: 2, told: false }),
      replication(bank, { clients: [[deposit], [balance]], replicas: 2, reads: 'one', crashes: 0, duplicates: 0 }),
      replication(bank, { clients: [[deposit], [set]], replicas: 2, crashes: 0, duplicates: 0, group: hastyGroup }),
      replication(bank, { clients: [[deposit]], replicas: 2, mayCrash: ['sequencer'] }),
      replication(bank, { clients: [[deposit]], replicas: 2, mayCrash: ['rm-2'] }),
    ];
    const verdicts = (configuration: Configuration, settings: ExploreSettings): unknown =>
      explore(configuration, { ...settings, stopAtViolation: false }).properties.map(({ name, verdict }) => [
        name,
        verdict,
      ]);
    for (const configuration of configurations) {
      const plain = verdicts(configuration, { symmetry: false, reduction: false });
      for (const settings of [{}, { symmetry: false }, { reduction: false }, { search: 'dfs' }] as const)
        expect(verdicts(configuration, settings)).toEqual(plain);
    }
  });
});

describe('what is broken is found', () => {
  test('MC-4: members that deliver as messages come execute in different orders', () => {
    const clients = [[deposit], [set]];
    const explored = explore(
      only(replication(bank, { clients, duplicates: 0, crashes: 0, group: hastyGroup }), 'order'),
    );
    expect(explored.violations).toMatchObject([
      { property: 'order', why: expect.stringContaining('different orders') },
    ]);
    // Two calls, two messages to the sequencer, and one each of its messages to two replica managers.
    expect(actions(explored)).toHaveLength(6);
    expect(actions(explored).filter((action) => action.includes('gets submit'))).toHaveLength(2);
    expect(actions(explored).filter((action) => action.includes('gets ordered'))).toHaveLength(2);
  });

  test('MC-1: a sequencer that leaves a member out leaves it behind', () => {
    const whole = replication(bank, { clients: [[deposit]], duplicates: 0, crashes: 0 });
    const actors = whole.actors.map((actor) =>
      actor.address !== 'sequencer/group:bank'
        ? actor
        : {
            ...actor,
            input: (incarnation: number) => ({
              ...(actor.input(incarnation) as GroupInput), // what replication() gives the actors of groups
              members: ['rm-1', 'rm-2'],
            }),
          },
    );
    const explored = explore({ ...whole, actors }, { symmetry: false });
    expect(explored.violations).toMatchObject([
      { property: 'agreement', why: expect.stringContaining('different states') },
    ]);
    expect(actions(explored).at(-1)).toMatch(/gets ordered/);
    expect(() => explore({ ...whole, actors })).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
  });

  test('a replica manager that does not remember executes a request twice', () => {
    const roles = { static: { ...rolesOf(active, 'static'), replicaManager: forgetful } };
    const style: Style = { ...active, roles };
    const clients = [[deposit]];
    const configuration = only(replication(bank, { clients, style, group: hastyGroup, crashes: 0 }), 'exactly once');
    const explored = explore(configuration);
    expect(explored.violations).toMatchObject([{ why: 'a request is executed twice' }]);
    expect(actions(explored)).toEqual([
      expect.stringMatching(/^fe-1\/fe is given call/),
      expect.stringMatching(/^sequencer\/group:bank gets submit/),
      expect.stringMatching(/^rm-\d\/group:bank gets ordered .*, which will come again$/),
      expect.stringMatching(/^rm-\d\/group:bank gets ordered/),
    ]);
    // The same without a second arrival is all right.
    expect(
      explore(only(replication(bank, { clients, style, group: hastyGroup, duplicates: 0 }), 'exactly once')),
    ).toMatchObject({
      complete: true,
      violations: [],
    });
  });

  test('reads at one replica manager are not linearizable, and those through the order are', () => {
    const clients = [[deposit], [balance]];
    const one = explore(only(replication(bank, { clients, reads: 'one', crashes: 0, duplicates: 0 }), 'linearizable'));
    expect(one.violations).toMatchObject([{ property: 'linearizable' }]);
    const way = actions(one);
    const answered = way.findIndex((action) => action.startsWith('fe-1/fe gets replies'));
    // The deposit was answered before the query was made, and the query does not see it.
    expect(way.findIndex((action) => action.startsWith('fe-2/fe is given call'))).toBeGreaterThan(answered);
    expect(way.at(-1)).toMatch(/^fe-2\/fe gets replies .*"value":0/);
    const whole = explore(only(replication(bank, { clients, crashes: 0, duplicates: 0 }), 'linearizable'));
    expect(whole).toMatchObject({ complete: true, violations: [] });
  });

  test('MC-13: without a failure detector a crash of the sequencer leaves a message undecided for ever', () => {
    const explored = explore(
      replication(bank, { clients: [[deposit]], mayCrash: ['sequencer'], told: false, duplicates: 0 }),
    );
    expect(explored.violations).toMatchObject([
      { property: 'all are answered', why: expect.stringContaining('nothing more') },
    ]);
    expect(actions(explored).toSorted()).toEqual([
      expect.stringMatching(/^fe-1\/fe is given call/),
      'sequencer crashes',
    ]);
    // Nor does it help to hear of the crash: nobody goes on in the sequencer's place.
    const told = replication(bank, { clients: [[deposit]], mayCrash: ['sequencer'], duplicates: 0 });
    expect(explore(only(told, 'all are answered')).violations).toHaveLength(1);
    // Without the crash it always decides.
    const alive = replication(bank, { clients: [[deposit]], mayCrash: [], duplicates: 0 });
    expect(explore(alive)).toMatchObject({ complete: true, violations: [] });
  });
});
