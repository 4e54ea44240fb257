/** Which part of a chart is seen, and how large: what is active is followed calmly, and never is there emptiness beside a chart. Pure. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Area extends Size {
  readonly x: number;
  readonly y: number;
}

/** Where the drawing's corner is in the pane, and how large it is drawn. */
export interface Frame {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Below this nobody can read it. */
const READABLE = 0.7;
/** Of an active state, where nothing around it can be read whole. */
const PART = 0.8;
/** px around the drawing. */
const MARGIN = 20;

/** How large it can be shown whole; never larger than it is. */
export const fitting = ({ width, height }: Size, room: Size): number =>
  Math.max(0.02, Math.min(1, (room.width - 2 * MARGIN) / width, (room.height - 2 * MARGIN) / height));

/** All of it, in the middle. */
export const wholeFrame = (drawing: Size, room: Size): Frame =>
  around(drawing, room, { x: 0, y: 0, ...drawing }, fitting(drawing, room));

/** The largest of these that can be read whole, around what is active; else that itself. They are given from the outermost inwards. */
export function followingFrame(drawing: Size, room: Size, areas: readonly Area[]): Frame {
  const whole = { x: 0, y: 0, ...drawing };
  const area = [whole, ...areas.slice(0, -1)].find((each) => fitting(each, room) >= READABLE);
  if (area !== undefined) return around(drawing, room, area, fitting(area, room));
  return around(drawing, room, areas.at(-1) ?? whole, PART);
}

/** With this in the middle, as far as the drawing goes. */
export function around(drawing: Size, room: Size, area: Area, scale: number): Frame {
  const along = (middle: number, length: number, space: number): number =>
    length * scale <= space - 2 * MARGIN ? (space - length * scale) / 2 : space / 2 - middle * scale;
  return held(drawing, room, {
    scale,
    x: along(area.x + area.width / 2, drawing.width, room.width),
    y: along(area.y + area.height / 2, drawing.height, room.height),
  });
}

/** So that no more room is left beside the drawing than there must be, and that none of it is lost that has room. */
export function held(drawing: Size, room: Size, { scale, x, y }: Frame): Frame {
  return {
    scale,
    x: between(x, room.width - MARGIN - drawing.width * scale, MARGIN),
    y: between(y, room.height - MARGIN - drawing.height * scale, MARGIN),
  };
}

const between = (value: number, one: number, other: number): number =>
  Math.max(Math.min(one, other), Math.min(Math.max(one, other), value));

/** Whether it is seen, all of it, and can be read. */
export function isReadable(room: Size, { scale, x, y }: Frame, area: Area): boolean {
  const [left, top] = [x + area.x * scale, y + area.y * scale];
  const [right, bottom] = [left + area.width * scale, top + area.height * scale];
  return scale >= READABLE - 0.001 && left >= 2 && top >= 2 && right <= room.width - 2 && bottom <= room.height - 2;
}

/** Moved as little as brings this into view. */
export function revealing(drawing: Size, room: Size, frame: Frame, area: Area): Frame {
  const { scale, x, y } = frame;
  return held(drawing, room, {
    scale,
    x: x + shift(x + area.x * scale, area.width * scale, room.width),
    y: y + shift(y + area.y * scale, area.height * scale, room.height),
  });
}

/** How far a stretch must move to be between 0 and the room, with a margin; its beginning where it is too long. */
function shift(from: number, length: number, room: number): number {
  if (length > room - 2 * MARGIN) return from > MARGIN || from + length < room - MARGIN ? MARGIN - from : 0;
  if (from < MARGIN) return MARGIN - from;
  return from + length > room - MARGIN ? room - MARGIN - (from + length) : 0;
}
