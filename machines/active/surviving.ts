/**
 * When an answer may be given in a group whose members come and go (AR-6). Delivery is not uniform there: who has
 * executed a request may crash with everybody who has heard of it. An answered update must outlive those who answered it, so the
 * front end takes no reply on its own. Each member says of a request in which view it was delivered to it, and either its
 * result or, while its state is still coming, that it holds it. The front end, which is told every view, counts the members of
 * the latest view V that it knows, and no others. With m the latest view that these name, the answer may be given when m is no
 * later than V, every member of V that entered in m or before has spoken, one of them at least, and one has told its result.
 *
 * No answered update is lost while, in every view, one full member goes on to the next:
 *
 * - Who entered in m or before and is in V has the update, for it said so, in a view up to V.
 * - Who is in V and entered in a later view d than m is sent the state of a full member at the beginning of d or of a later view. One
 *   of those who spoke had the update delivered in a view of m or before, and was reported with it when that view ended, or it would not
 *   be in V. All who went on from there have delivered it too, so every full member at the beginning of d has it in its state.
 * - So every member of V either has it or will be full only by a state that has it; and the full members of each view after V are
 *   members of V who went on, or were sent the state of such a one.
 *
 * The result stands, for whoever told it is in V: what was delivered to it before V, all who go on have delivered in the same
 * order, and what was delivered in V came by the one order of V, of which nobody has a gap. A reply of somebody who is not in V may come of
 * an end of a view that died with it. The same holds of queries: what a query has seen must outlive its answer too.
 */

import type { SenderId } from '../shared/identifiers.js';
import { replyShape } from '../shared/request-shapes.js';
import type { Reply } from '../shared/requests.js';
import { fields, natural, type Shape, text } from '../shared/shapes.js';
import { isMember, type View } from '../shared/view.js';

/** Who speaks of a request, and the view in which it was delivered to it: the first time, or again. */
interface Witness {
  readonly member: SenderId;
  readonly view: number;
}

/** A full member's result. */
export interface MemberReply extends Reply, Witness {}

/** From a member whose state is still coming: it will execute the request as soon as it has the state. */
export interface Held extends Witness, Pick<Reply, 'session' | 'seq'> {}

export const memberReplyShape: Shape = (value) => replyShape(value) && witnessShape(value);
const witnessShape: Shape = fields({ member: text, view: natural });
export const heldShape: Shape = fields({ session: text, seq: natural, member: text, view: natural });

/** What a member has said; `reply` is null of what it holds. */
export interface Word extends Witness {
  readonly reply: Reply | null;
}

/** With one more word; null when it is none: a member's first counts, but a result tells more than that it holds the request. */
export function heard(words: readonly Word[], word: Word): readonly Word[] | null {
  const before = words.find(({ member }) => member === word.member);
  if (before === undefined) return [...words, word];
  if (before.reply !== null || word.reply === null) return null;
  return words.map((other) => (other === before ? word : other));
}

/** A result that outlives whoever told it; null while there is none. */
export function surviving(view: View | null, words: readonly Word[]): (Word & { readonly reply: Reply }) | null {
  if (view === null) return null;
  const spoken = words.filter(({ member }) => isMember(view, member));
  const latest = spoken.reduce((m, word) => Math.max(m, word.view), 0);
  if (latest > view.id) return null;
  const told = spoken.find((word): word is Word & { readonly reply: Reply } => word.reply !== null);
  const silent = view.members.some(({ id, since }) => since <= latest && !spoken.some(({ member }) => member === id));
  return told === undefined || silent ? null : told;
}
