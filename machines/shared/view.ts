/**
 * A view of a group: who its members are, as all of them agree (Birman & Joseph 1987; Coulouris et al., ch. 18.2). Views of
 * a group are numbered, and no two have the same number.
 */
import { type GroupName, type NodeId, type SenderId, senderNode } from './identifiers.js';
import { fields, flag, listOf, natural, type Shape, text } from './shapes.js';

/** A member: one incarnation of a node. */
export interface Member {
  readonly id: SenderId;
  /** The view in which it entered. */
  readonly since: number;
  /**
   * It has the group's state. A member that is not full has joined and is still being sent the state: it holds what is
   * delivered, and speaks for nobody.
   */
  readonly full: boolean;
}

export interface View {
  readonly group: GroupName;
  /** Each one more than the one before: from 1, or in a group that was made at run time from a higher number. */
  readonly id: number;
  /** In order of seniority: who entered first comes first. */
  readonly members: readonly Member[];
}

const memberShape: Shape = fields({ id: text, since: natural, full: flag });
export const viewShape: Shape = fields({ group: text, id: natural, members: listOf(memberShape) });

/** The first view of a group whose members are known from the start. */
export const firstView = (group: GroupName, members: readonly SenderId[]): View => ({
  group,
  id: 1,
  members: members.map((id) => ({ id, since: 1, full: true })),
});

export const isMember = (view: View, id: SenderId): boolean => view.members.some((member) => member.id === id);

export const memberNodes = (view: View): NodeId[] => view.members.map(({ id }) => senderNode(id));

/**
 * The agreed choice of one member by everybody who knows the view: the most senior one that has the state. The
 * primary, the sequencer, who sends the state to a joiner. Undefined when no member has the state: then it is lost.
 */
export const chosen = (view: View): Member | undefined => view.members.find(({ full }) => full);
