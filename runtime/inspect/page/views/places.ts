/** Where nodes stand in the picture of a cluster, and what is written on them. Pure. */
import { NONE } from '../../timeline/chunk.js';
import type { Cut, NodeAt } from '../../timeline/cut.js';

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface ActorRow {
  readonly actor: string;
  readonly label: string;
  readonly state: string;
  /** As much of it as there is room for. */
  readonly short: string;
  /** It came to this state at the last event. */
  readonly fresh: boolean;
}

export interface Card extends Place, Size {
  readonly node: string;
  readonly center: Place;
  readonly up: boolean;
  /** Beside the name: why it is down, or which incarnation it is. */
  readonly badge: string;
  readonly rows: readonly ActorRow[];
}

/** Widths of a card, the widest that fits first. */
const WIDTHS = [172, 148, 124];
/** Rows of actors in a card at most. */
const MOST_ROWS = 4;
const MARGIN = 14;
const HEAD = 28;
const ROW = 17;
/** Pixels of a character of its monospaced 11 px lines, and beside them. */
const CHARACTER = 6.7;
const BESIDE = 20;

/** The actors that matter most come first: what a node is for, then its group, then what watches others. */
const importance = ['rm', 'fe', 'members', 'service', 'sequencer'];
const rankOf = (actor: string): number => {
  const place = importance.indexOf(actor);
  if (place >= 0) return place;
  return actor.startsWith('group:') ? importance.length : importance.length + 1;
};

/** Nodes on an ellipse, with as many rows as leave them clear of each other, and as wide as they can then be. */
export function cardsFor(nodes: readonly string[], cut: Cut, size: Size): ReadonlyMap<string, Card> {
  let cards: Card[] = [];
  for (let rows = MOST_ROWS; rows >= 0; rows--) {
    for (const width of WIDTHS) {
      cards = nodes.map((node, i) => cardFor(node, i / nodes.length, cut, size, { width, rows }));
      if (cards.every((a, i) => cards.slice(i + 1).every((b) => apart(a, b)))) return byNode(cards);
    }
  }
  return byNode(cards);
}

const byNode = (cards: readonly Card[]): ReadonlyMap<string, Card> => new Map(cards.map((card) => [card.node, card]));

/** `turn`: how far round the ellipse, from the left. */
function cardFor(
  node: string,
  turn: number,
  cut: Cut,
  size: Size,
  { width, rows: most }: { readonly width: number; readonly rows: number },
): Card {
  const at = cut.nodes.get(node);
  const rows = rowsOf(at, most, cut.place, Math.floor((width - BESIDE) / CHARACTER));
  const height = heightOf(rows.length);
  const angle = Math.PI + turn * 2 * Math.PI;
  const center = {
    x: size.width / 2 + Math.cos(angle) * Math.max(0, (size.width - width) / 2 - MARGIN),
    y: size.height / 2 + Math.sin(angle) * Math.max(0, (size.height - heightOf(most)) / 2 - MARGIN - 12),
  };
  return {
    node,
    center,
    x: Math.round(center.x - width / 2),
    y: Math.round(center.y - height / 2),
    width,
    height,
    up: at?.up ?? true,
    badge: badgeOf(at),
    rows,
  };
}

const heightOf = (rows: number): number => HEAD + (rows === 0 ? 2 : rows * ROW + 6);

function badgeOf(at: NodeAt | undefined): string {
  if (at === undefined) return '';
  if (!at.up) return at.reason === 'fault' ? 'crashed' : (at.reason ?? 'down').slice(0, 9);
  return at.incarnation > 1 ? `life ${at.incarnation}` : '';
}

/** `line`: characters that there is room for. */
function rowsOf(at: NodeAt | undefined, most: number, place: number, line: number): ActorRow[] {
  const actors = [...(at?.actors ?? [])].sort(([a], [b]) => rankOf(a) - rankOf(b) || a.localeCompare(b));
  return actors.slice(0, most).map(([actor, { state, since }]) => {
    const label = actor.startsWith('group:') ? 'group' : actor;
    const room = line - label.length - 1;
    const short = shortened(state, room);
    return { actor, label, state, short, fresh: since === place - 1 && since !== NONE };
  });
}

/** As many of the last parts of a state's path as there is room for; of the last one its beginning. */
function shortened(state: string, room: number): string {
  let rest = state;
  while (rest.length > room && rest.includes('.')) rest = rest.slice(rest.indexOf('.') + 1);
  return rest.length <= room ? rest : `${rest.slice(0, Math.max(1, room - 1))}…`;
}

const apart = (a: Card, b: Card): boolean =>
  a.x + a.width + 6 <= b.x || b.x + b.width + 6 <= a.x || a.y + a.height + 6 <= b.y || b.y + b.height + 6 <= a.y;

/** Between the edge of a card and a message that has just left it. */
const CLEAR = 9;

/** Where a message is that has gone this share of the way from one card to another: it is never behind either of them. */
export function wayPoint(from: Card, to: Card, share: number): Place {
  const [a, b] = [from.center, to.center];
  const start = edgeShare(from, a, b);
  const end = 1 - edgeShare(to, b, a);
  const at = start >= end ? 0.5 : start + (end - start) * share;
  return { x: a.x + (b.x - a.x) * at, y: a.y + (b.y - a.y) * at };
}

/** Of the way from a card's centre to another place: how much of it is over the card. */
function edgeShare(card: Card, center: Place, other: Place): number {
  const [dx, dy] = [Math.abs(other.x - center.x), Math.abs(other.y - center.y)];
  return Math.min(dx === 0 ? 1 : (card.width / 2 + CLEAR) / dx, dy === 0 ? 1 : (card.height / 2 + CLEAR) / dy, 1);
}

/** The nodes on either side of a line. */
export function sidesOf(cards: readonly Card[], [a, b]: readonly [Place, Place]): [string[], string[]] {
  const sides: [string[], string[]] = [[], []];
  for (const { node, center } of cards) {
    const side = (b.x - a.x) * (center.y - a.y) - (b.y - a.y) * (center.x - a.x);
    sides[side > 0 ? 0 : 1].push(node);
  }
  return sides;
}
