/** What is written on the nodes in the picture of a cluster. Pure. */
import { NONE } from '../../../timeline/chunk.js';
import type { Cut, NodeAt } from '../../../timeline/cut.js';
import type { Part } from './cast.js';
import type { Figure, Place, Slot } from './places.js';

interface ActorRow {
  readonly actor: string;
  readonly label: string;
  readonly state: string;
  /** As much of it as there is room for. */
  readonly short: string;
  /** It came to this state at the last event. */
  readonly fresh: boolean;
}

export interface Card extends Slot {
  readonly up: boolean;
  /** Nothing has been heard of it yet. */
  readonly absent: boolean;
  /** Why it is down, or which incarnation it is; what its first actor is at, where there is no room for rows. */
  readonly badge: string;
  readonly content: readonly ActorRow[];
}

/** Px of a character of its monospaced 11 px lines, and beside them; and of its bold name, with the button beside it. */
const CHARACTER = 6.7;
const BESIDE = 20;
const [BOLD, BESIDE_NAME] = [8, 40];
/** Px of a character of its badge. */
const BADGE = 6.3;

/** The actors that matter most come first: what a node is for, then its group, then what watches others. */
const importance = ['rm', 'fe', 'membership', 'names'];
const rankOf = (actor: string): number => {
  const place = importance.indexOf(actor);
  if (place >= 0) return place;
  return actor.startsWith('group:') ? importance.length : importance.length + 1;
};

const inRank = (a: string, b: string): number => rankOf(a) - rankOf(b) || a.localeCompare(b);

/** `group:accounts` is the group of `accounts`; there is seldom another one. */
const labelOf = (actor: string): string =>
  actor.startsWith('group:') ? 'group' : actor === 'membership' ? 'members' : actor;

/** How large it would be with all that there is to be written on it. */
export function figureOf(node: string, parts: readonly Part[]): Figure {
  const rows = [...parts].sort((a, b) => inRank(a.actor, b.actor));
  return {
    node,
    least: Math.ceil(node.length * BOLD + BESIDE_NAME),
    rows: rows.map(({ actor, longest }) =>
      Math.ceil((labelOf(actor).length + 1 + longest.length) * CHARACTER + BESIDE + 1),
    ),
  };
}

export function cardOf(slot: Slot, cut: Cut): Card {
  const at = cut.nodes.get(slot.node);
  const up = at?.up ?? true;
  return { ...slot, up, absent: at === undefined, badge: badgeOf(slot, at), content: contentOf(slot, at, cut.place) };
}

/** Characters of a badge that have room beside the name. */
export const badgeRoom = ({ node, width }: Slot): number =>
  Math.floor((width - node.length * BOLD - BESIDE_NAME - 4) / BADGE);

function badgeOf(slot: Slot, at: NodeAt | undefined): string {
  if (at === undefined) return '';
  if (!at.up) return at.reason === 'fault' ? 'crashed' : (at.reason ?? 'down');
  if (slot.rows > 0) return at.incarnation > 1 ? `life ${at.incarnation}` : '';
  const [first] = [...at.actors].sort(([a], [b]) => inRank(a, b));
  return first === undefined ? '' : shortened(first[1].state, badgeRoom(slot));
}

function contentOf(slot: Slot, at: NodeAt | undefined, place: number): ActorRow[] {
  const line = Math.floor((slot.width - BESIDE) / CHARACTER);
  const actors = [...(at?.actors ?? [])].sort(([a], [b]) => inRank(a, b)).slice(0, slot.rows);
  return actors.map(([actor, { state, since }], i) => {
    const whole = labelOf(actor);
    const beside = line - whole.length - 1;
    const least = Math.min(state.length, `…${state.split('.').at(-1)}`.length);
    // What it is at says more than whose it is, where only one of both has room; of the first row everybody knows.
    const isKept = state.length <= beside || (least <= beside && (i > 0 || state.length > line));
    const label = isKept ? whole : '';
    const short = shortened(state, label === '' ? line : line - label.length - 1);
    return { actor, label, state, short, fresh: since === place - 1 && since !== NONE };
  });
}

/** The first part of a state's path, which says what it is, and the last, which says what it does; or less, where there is no room. */
export function shortened(state: string, room: number): string {
  if (state.length <= room) return state;
  const parts = state.split('.');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  const shorter = parts.length > 2 ? [`${first}…${last}`, `…${last}`] : [`…${last}`];
  const fitting = parts.length > 1 ? shorter.find((each) => each.length <= room) : undefined;
  return fitting ?? `${last.slice(0, Math.max(1, room - 1))}…`;
}

/** The nodes on either side of a line. */
export function sidesOf(slots: readonly Slot[], [a, b]: readonly [Place, Place]): [string[], string[]] {
  const sides: [string[], string[]] = [[], []];
  for (const { node, center } of slots) {
    const side = (b.x - a.x) * (center.y - a.y) - (b.y - a.y) * (center.x - a.x);
    sides[side > 0 ? 0 : 1].push(node);
  }
  return sides;
}
