/**
 * A view-synchronous group and its membership service, explored: a member may crash and another may be suspected wrongly, at any
 * moment, while one multicasts; nobody sees two views of one number, and who goes on has delivered the same.
 *
 * The one suspicion can be of anybody by anybody, and the crash of anybody. Each choice of these makes a space of its own, and
 * all of them together are the whole: `suspicion` and `crash` take one of them, so that a large space can be walked in parts.
 */
import { type Configuration, membership } from 'chorale/explore';

export const about = 'group membership: every order of messages, a crash, a wrong suspicion';

const nodes = (members: number): string[] => Array.from({ length: members }, (_, i) => `rm-${i + 1}`);

/** `suspicion`: 0 for all of them together, else which. `crash`: 0 for any member, else which. */
export function exploration({
  members = 3,
  replicas = 1,
  messages = 0,
  crashes = 1,
  suspicions = 1,
  timeouts = 0,
  suspicion = 0,
  crash = 0,
}: {
  readonly members?: number;
  readonly replicas?: number;
  readonly messages?: number;
  readonly crashes?: number;
  readonly suspicions?: number;
  readonly timeouts?: number;
  readonly suspicion?: number;
  readonly crash?: number;
} = {}): Configuration {
  const all = nodes(members);
  const pairs = [...all, 'ms-1'].flatMap((by) => all.filter((of) => of !== by).map((of) => [by, of] as const));
  return membership({
    members,
    replicas,
    messages: [messages],
    crashes,
    suspicions,
    timeouts,
    ...(suspicion === 0 ? {} : { suspected: pairs.slice(suspicion - 1, suspicion) }),
    ...(crash === 0 ? {} : { mayCrash: all.slice(crash - 1, crash) }),
  });
}
