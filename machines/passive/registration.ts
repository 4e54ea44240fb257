/**
 * A primary makes itself known to the name service (GM-8): when it takes over, and again where it is asked to, by
 * a replica that has come back and knows nothing. Nobody waits for it.
 */
import { type Registration, registering, type Wanted } from '../membership/name-messages.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { type GroupName, type NodeId, nodeOf, type SenderId } from '../shared/identifiers.js';
import { managerOf, type Reign } from './context.js';

interface Registered {
  readonly self: SenderId;
  readonly group: GroupName;
  readonly names: readonly NodeId[];
  readonly reign: Reign;
}

/** The view in which the reign began tells it from all earlier ones. */
const registrationOf = ({ self, group, reign }: Registered): Registration => ({
  name: group,
  address: managerOf(self),
  view: reign.since,
});

export const register = (primary: Registered): Effect[] => registering(primary.names, registrationOf(primary));

export function registerAgain(
  primary: Registered,
  { from }: Incoming<'wanted', Wanted>,
): { readonly effects: Effect[] } {
  const forgetful = primary.names.filter((node) => node === nodeOf(from));
  return { effects: registering(forgetful, registrationOf(primary)) };
}
