/** Transitions from one state to another share an arrow; its label has the words of each, one below the other. */
import { LINE, type TransitionText, widthOf } from './boxes.js';
import type { TransitionDescription } from './describe.js';
import { type Measure, transitionLines } from './text.js';

export interface Bundle {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly texts: readonly TransitionText[];
  readonly width: number;
  readonly height: number;
}

/** Widest text of an arrow's label. */
const LABEL = 230;

/** Arrows that begin and end at the same states are one. */
export function bundles(transitions: readonly TransitionDescription[], measure: Measure): readonly Bundle[] {
  const groups = new Map<string, TransitionDescription[]>();
  for (const transition of transitions)
    for (const to of transition.to) {
      const id = `${transition.from} → ${to}`;
      groups.set(id, [...(groups.get(id) ?? []), transition]);
    }
  return [...groups].map(([id, group]) => {
    const lines = group.map((transition) => transitionLines(transition, null, LABEL, measure));
    const width = Math.max(...lines.map(widthOf)) + 8;
    let y = 2;
    const texts = group.map((transition, i): TransitionText => {
      const own = lines[i] ?? [];
      const text = { transition: transition.name, lines: own, x: 4, y, width: width - 8, height: own.length * LINE };
      y += text.height;
      return text;
    });
    const [from = '', to = ''] = id.split(' → ');
    return { id, from, to, texts, width, height: y + 2 };
  });
}
