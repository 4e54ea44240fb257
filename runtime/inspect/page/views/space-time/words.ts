/** An event in one sentence, as the page says it. */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';

/** ms with as many digits as somebody reads. */
export const msText = (t: number): string => `${t >= 1000 ? t.toFixed(1) : t.toFixed(2)} ms`;

const times = (count: number, one: string, many: string): string => (count === 1 ? one : `${count} ${many}`);

/** The first few, and how many more. */
export const listText = (all: readonly string[]): string =>
  all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');

export function eventText(timeline: Timeline, index: number): string {
  const node = timeline.text(timeline.node.at(index));
  const peer = timeline.text(timeline.peer.at(index));
  const word = timeline.text(timeline.word.at(index));
  const amount = timeline.amount.at(index);
  const requests = (): string => listText(timeline.requestsAt(index).map((request) => timeline.text(request)));
  switch (timeline.kind.at(index)) {
    case kindNumber.called:
      return `${node} is asked for ${requests()}`;
    case kindNumber.sent:
      return `${node} sends ${word} to ${peer}`;
    case kindNumber.received:
      return `${node} receives ${word} from ${peer}`;
    case kindNumber.lost:
      return `A message from ${node} to ${peer} is lost (${word})`;
    case kindNumber.dropped:
      return `${node} drops ${times(amount, 'one thing', 'things')}: ${word}`;
    case kindNumber.delivered:
      return peer === node || peer === ''
        ? `${node} delivers ${word} ${amount}`
        : `${node} delivers ${word} ${amount}, multicast by ${peer}`;
    case kindNumber.started:
      return `${node}: ${timeline.text(timeline.actor.at(index))} starts, ${timeline.text(timeline.after.at(index))}`;
    case kindNumber.transition: {
      const [before, after] = [timeline.text(timeline.before.at(index)), timeline.text(timeline.after.at(index))];
      return `${node}: ${timeline.text(timeline.actor.at(index))} goes from ${before} to ${after} (${word})`;
    }
    case kindNumber.phase:
      return `${node}: ${word} of ${requests()}`;
    case kindNumber.answered:
      return `${node} answers ${requests()}`;
    case kindNumber.persisted:
      return `${node} has ${times(amount, 'one write', 'writes')} safe`;
    case kindNumber.view:
      return `${node} has view ${amount} of ${word}: ${membersText(timeline, index)}`;
    case kindNumber.crashed:
      return `${node} crashes (${word})`;
    case kindNumber.recovered:
      return `${node} is back, as incarnation ${amount}`;
    case kindNumber.fault:
      return word;
    case kindNumber.missed:
      return `${times(amount, 'One event is', 'events are')} missing here: they came faster than they could be shown`;
    default:
      return node;
  }
}

function membersText(timeline: Timeline, index: number): string {
  const event = timeline.whole(index);
  return event?.kind === 'view' ? event.members.join(' ') : '';
}

/** What became of a message, by index of its `sent`. */
export function fateText(timeline: Timeline, index: number): string {
  const arrival = timeline.arrival.at(index);
  const loss = timeline.loss.at(index);
  const lost = loss === NONE ? '' : `lost at ${msText(timeline.t.at(loss))} (${timeline.text(timeline.word.at(loss))})`;
  if (arrival === NONE) return lost === '' ? 'has not arrived' : `${lost}, has not arrived`;
  const took = `arrives ${msText(timeline.t.at(arrival) - timeline.t.at(index))} later`;
  return lost === '' ? took : `${lost} and sent again; ${took}`;
}

/** What is true at a place, for those who do not see the picture. */
export function placeText(timeline: Timeline, place: number): string {
  if (place === 0) return 'Nothing has happened yet.';
  const cut = timeline.cutAt(place);
  const down = [...cut.nodes].filter(([, { up }]) => !up).map(([name]) => name);
  const sentences = [
    `At ${msText(timeline.t.at(place - 1))}, event ${place} of ${timeline.length}: ${eventText(timeline, place - 1)}.`,
    cut.flying.size === 0 ? '' : `${times(cut.flying.size, 'One message is', 'messages are')} on the way.`,
    down.length === 0 ? '' : `Down: ${down.join(', ')}.`,
    cut.faults.size === 0 ? '' : `In force: ${[...cut.faults].join(', ')}.`,
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
