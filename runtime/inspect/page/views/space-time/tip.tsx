/** A note beside what the pointer is over. */
import type { ReadonlySignal } from '@preact/signals';
import { kindNumber } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import { event, timeline } from '../../model.js';
import { requestsOf } from './about.js';
import { phaseOfMessage } from './arrows.js';
import { clockText } from './clocks.js';
import type { Hit } from './hit.js';
import { size, stageNow } from './state.js';
import { eventText, fateText, listText, msText } from './words.js';

export function Tip({ hit }: { readonly hit: ReadonlySignal<Hit | null> }) {
  const { value: at } = hit;
  const of = timeline.value;
  if (at === null || at.index >= of.length) return null;
  const lines = [...linesOf(of, at.index), ...(at.more > 0 ? [`and ${at.more} more like it: zoom in`] : [])];
  const [sentence, ...more] = lines;
  const { width, height } = size.value;
  const place = (element: HTMLDivElement | null): void => {
    if (element === null) return;
    const { offsetWidth, offsetHeight } = element;
    const left = at.x + 14 + offsetWidth > width ? at.x - 14 - offsetWidth : at.x + 14;
    const top = at.y + 14 + offsetHeight > height ? at.y - 14 - offsetHeight : at.y + 14;
    element.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  };
  return (
    <div class="space-time-tip" ref={place} role="tooltip">
      <strong>{sentence}</strong>
      {more.map((line) => (
        <span class="more" key={line}>
          {line}
        </span>
      ))}
    </div>
  );
}

function linesOf(of: Timeline, index: number): string[] {
  const t = msText(of.t.at(index));
  const { landmarks, clocks } = stageNow();
  const requests = requestsOf(of, landmarks, index).map((request) => of.text(request));
  const about = requests.length === 0 ? [] : [`for ${listText(requests)}`];
  const clock = clocks?.at(of, index) ?? null;
  const clocked = clock === null ? [] : [`vector clock ${clockText(clock)}`];
  if (of.kind.at(index) === kindNumber.sent) {
    const items = of.amount.at(index);
    const phase = phaseOfMessage(of, index);
    return [
      eventText(of, index),
      [t, items > 1 ? `${items} items` : '', ...about].filter((part) => part !== '').join(' · '),
      fateText(of, index),
      ...(of.control.at(index) === 1 ? ['control: acknowledges only'] : phase === '' ? [] : [`part of ${phase}`]),
      ...clocked,
    ];
  }
  const told = event.value?.index === index ? event.value.event : null;
  const stamp =
    told?.kind === 'delivered' && told.stamp !== undefined
      ? [
          `stamp ${Object.entries(told.stamp)
            .map(([sender, count]) => `${sender} ${count}`)
            .join(', ')}`,
        ]
      : [];
  return [eventText(of, index), [t, ...about].join(' · '), ...stamp, ...clocked];
}
