import { describe, expect, test } from '@jest/globals';
import {
  type Area,
  type Frame,
  followingFrame,
  held,
  isReadable,
  revealing,
  type Size,
  wholeFrame,
} from '../../../runtime/inspect/page/views/chart-frame.js';

const room = { width: 480, height: 240 };
const small = { width: 500, height: 260 };
const large = { width: 1500, height: 1800 };
const outer: Area = { x: 600, y: 500, width: 800, height: 900 };
const middle: Area = { x: 700, y: 900, width: 480, height: 260 };
const leaf: Area = { x: 760, y: 960, width: 90, height: 40 };

/** What is seen of the drawing, in its own px. */
const seen = ({ scale, x, y }: Frame, pane: Size): Area => ({
  x: -x / scale,
  y: -y / scale,
  width: pane.width / scale,
  height: pane.height / scale,
});

describe('what is seen of a chart', () => {
  test('all of it, where it can be read so', () => {
    const frame = followingFrame(small, room, [leaf]);
    expect(frame).toEqual(wholeFrame(small, room));
    expect(frame.scale).toBeGreaterThanOrEqual(0.7);
  });

  test('else the largest state around the active one that can be read', () => {
    const frame = followingFrame(large, room, [outer, middle, leaf]);
    expect(frame.scale).toBeGreaterThanOrEqual(0.7);
    expect(isReadable(room, frame, middle)).toBe(true);
    const part = seen(frame, room);
    expect(part.x + part.width / 2).toBeCloseTo(middle.x + middle.width / 2);
    expect(part.y + part.height / 2).toBeCloseTo(middle.y + middle.height / 2);
  });

  test('else the active state itself, four fifths as large as it is', () => {
    const huge = { ...leaf, width: 900 };
    expect(followingFrame(large, room, [outer, huge]).scale).toBe(0.8);
  });

  test('no emptiness beside a chart that is larger than the pane, however it is moved', () => {
    for (const at of [
      { x: 0, y: 0, width: 80, height: 30 },
      { x: 1420, y: 1770, width: 80, height: 30 },
    ]) {
      const frame = followingFrame(large, room, [at]);
      const part = seen(frame, room);
      expect(isReadable(room, frame, at)).toBe(true);
      expect(part.x).toBeGreaterThanOrEqual(-40);
      expect(part.y).toBeGreaterThanOrEqual(-40);
      expect(part.x + part.width).toBeLessThanOrEqual(large.width + 40);
      expect(part.y + part.height).toBeLessThanOrEqual(large.height + 80);
    }
    for (const [x, y] of [
      [9999, 9999],
      [-9999, -9999],
    ] as const) {
      const frame = held(large, room, { scale: 1, x, y });
      expect(frame.x).toBe(x > 0 ? 20 : room.width - 20 - large.width);
      expect(frame.y).toBe(y > 0 ? 20 : room.height - 20 - large.height);
    }
  });

  test('a chart that has room stays inside, wherever it is dragged', () => {
    const tiny = { width: 100, height: 50 };
    expect(held(tiny, room, { scale: 1, x: -50, y: 900 })).toEqual({ scale: 1, x: 20, y: 170 });
    expect(held(tiny, room, { scale: 1, x: 200, y: 100 })).toEqual({ scale: 1, x: 200, y: 100 });
  });

  test('what is moved by hand moves no farther than brings the active state into view', () => {
    const frame = { scale: 1, x: -700, y: -900 };
    expect(revealing(large, room, frame, leaf)).toEqual(frame);
    const right = { ...leaf, x: 1200 };
    expect(revealing(large, room, frame, right)).toEqual({ scale: 1, x: room.width - 20 - 1290, y: -900 });
  });
});
