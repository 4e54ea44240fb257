/**
 * A primary makes itself known to the name service (GM-8): when it takes over, and again to the next incarnation of a replica that
 * has ended, for that one knows nothing. Nobody waits for it.
 */
import { type Registration, registering } from '../membership/name-messages.js';
import type { Effect, Gone, Incoming } from '../shared/effects.js';
import type { GroupName, NodeId, SenderId } from '../shared/identifiers.js';
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

export function registerAgain(primary: Registered, event: Incoming<'gone', Gone>): { readonly effects: Effect[] } {
  const ended = event.items.map(({ node }) => node);
  const forgetful = primary.names.filter((node) => ended.includes(node));
  return { effects: registering(forgetful, registrationOf(primary)) };
}
