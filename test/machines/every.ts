/** All machines of machines/, each role of each style and order. */
import type { AnyStateMachine } from 'xstate';
import { addressExpansion } from '../../machines/membership/address-expansion.js';
import { failureDetector } from '../../machines/membership/failure-detector.js';
import { leaseKeeper } from '../../machines/membership/lease.js';
import { membershipService } from '../../machines/membership/membership-service.js';
import { nameService } from '../../machines/membership/name-service.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import { viewSynchronousSender } from '../../machines/membership/view-synchronous-sender.js';
import { type GroupRole, groupMachine, orders } from '../../machines/multicast/index.js';
import { styles } from '../../runtime/cluster/styles.js';
import { defaults, line } from './stage.js';

const roles: readonly GroupRole[] = ['member', 'outsider', 'sequencer'];

export const everyMachine = (): AnyStateMachine[] => [
  ...Object.values(styles).flatMap((style) => [
    ...Object.values(style.roles).flatMap((roles) => [
      roles.replicaManager(line() as never, defaults), // no operation of it is called
      roles.frontEnd(defaults),
    ]),
    style.proxyClient(defaults).machine,
  ]),
  ...roles.flatMap((role) => orders.map((order) => groupMachine(role, order).machine)),
  addressExpansion,
  failureDetector,
  leaseKeeper,
  membershipService,
  nameService,
  viewSynchronousMember,
  viewSynchronousSender,
];
