/**
 * What a Byzantine replica manager says (AR-7): it lies in its replies, or keeps silent, and is honest in all else.
 * A lie is a likely value of the right kind, not rubbish: the vote must find it out, not a type check.
 */

import type { Message } from '../../machines/shared/effects.js';
import { type Address, requestId } from '../../machines/shared/identifiers.js';
import { hashOf } from '../../machines/shared/persistent-map.js';
import type { Outcome, Reply } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';

export type Byzantine =
  | { readonly kind: 'lie'; readonly letter: string }
  | { readonly kind: 'equivocate' }
  | { readonly kind: 'silent' };

/** What leaves the node in place of `message`; null when nothing does. */
export function corrupted(behaviour: Byzantine, to: Address, message: Message, count: number): Message | null {
  if (message.type !== 'replies') return message;
  if (behaviour.kind === 'silent') return null;
  const replies = message.items as readonly Reply[]; // `replies` is the message type of Reply items
  return {
    type: message.type,
    items: replies.map((reply): Reply => {
      const request = requestId(reply.session, reply.seq);
      // An equivocator tells each front end, and the same one each time, something else.
      const salt = behaviour.kind === 'lie' ? behaviour.letter : `${to} ${count}`;
      const hash = hashOf(`${salt} ${request}`);
      const version = behaviour.kind === 'lie' ? reply.version : reply.version + (hash % 1000);
      return { ...reply, version, outcome: lieFor(reply.outcome, hash) };
    }),
  };
}

function lieFor(outcome: Outcome, hash: number): Outcome {
  return { ok: true, value: outcome.ok ? otherThan(outcome.value, hash) : hash % 100 };
}

function otherThan(value: Serializable, hash: number): Serializable {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) + 1 + (hash % 100) : hash % 100;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return `${value}${hash % 100}`;
  return hash % 100;
}
