/** Messages on their way between nodes, and the ways that they take. */
import type { JSX } from 'preact';
import { cutsOf } from '../../cuts.js';
import { act } from '../../deeds.js';
import { choose, chosen, cursor, timeline, told } from '../../model.js';
import { time } from '../../playback.js';
import { categoryOf, requestOf } from '../../requests.js';
import { type Cast, pairKey } from './cast.js';
import { apart, type Flight, flightsAt, LOST_AT, lossesAt, type Telling, tellingOf } from './flights.js';
import { labelPlaces } from './labels.js';
import type { Place, Size, Slot } from './places.js';
import type { Ways } from './ways.js';

interface LinksProps {
  readonly ways: Ways;
  readonly cast: Cast;
}

/** Between those that have written to one another so far, and where the network is cut. */
export function Links({ ways, cast }: LinksProps): JSX.Element {
  const cuts = cutsOf(timeline.value.cutAt(cursor.value).faults);
  const pairs = new Map(cast.pairsAt(cursor.value).map((pair) => [pairKey(pair.a, pair.b), pair]));
  const cut = new Set([...cuts].map((way) => pairKey(...(way.split('>') as [string, string])))); // `from>to`
  return (
    <g class="links">
      {[...pairs].map(([key, { a, b, served }]) => {
        const way = ways.between(a, b);
        if (way === null || cut.has(key)) return null;
        return <path key={key} class={served < cursor.value ? 'link' : 'link quiet'} d={way.path} />;
      })}
      {[...cut].map((key) => {
        const [a = '', b = ''] = key.split(' ');
        const way = ways.between(a, b);
        if (way === null) return null;
        const [gone, back] = [cuts.has(`${a}>${b}`), cuts.has(`${b}>${a}`)];
        const { x, y, turn } = way.middle();
        return (
          <g key={key} class={`cut ${pairs.has(key) ? '' : 'unused'}`}>
            <path class="link" d={way.path} />
            {pairs.has(key) && (
              <path
                class="mark"
                transform={`translate(${x} ${y}) rotate(${turn})`}
                d={gone && back ? 'M-5 -5L5 5M-5 5L5 -5' : gone ? 'M-4 -6L4 0L-4 6M6 -6V6' : 'M4 -6L-4 0L4 6M-6 -6V6'}
              />
            )}
          </g>
        );
      })}
    </g>
  );
}

interface FlightsProps {
  readonly ways: Ways;
  readonly slots: readonly Slot[];
  readonly size: Size;
}

export function Flights({ ways, slots, size }: FlightsProps): JSX.Element {
  told.value;
  const events = timeline.value;
  const flights = flightsAt(events, cursor.value, time.value);
  const losses = lossesAt(events, cursor.value, time.value);
  const places = placesOf(flights, ways);
  const picked = chosen.value?.kind === 'message' ? chosen.value.index : -1;
  const telling = tellingOf(events, flights, picked).filter(({ index }) => places.has(index));
  const lost = lostWords(losses, ways);
  const labels = labelPlaces(
    [
      ...telling.map(({ index, more }) => ({
        text: wordsOf(events.text(events.word.at(index)), more),
        at: places.get(index) as Place, // those without one are left out
        isNeeded: index === picked,
      })),
      ...lost.map(({ text, at }) => ({ text, at, isNeeded: false })),
    ],
    slots,
    [...places.values()],
    size,
  );
  return (
    <g class="flights">
      {flights.map(({ index }) => {
        const at = places.get(index);
        return at === undefined ? null : <Message key={index} index={index} at={at} isPicked={index === picked} />;
      })}
      {lost.map(({ index, at }) => (
        <path key={index} class="lost" transform={`translate(${at.x} ${at.y})`} d="M-6 -6L6 6M-6 6L6 -6" />
      ))}
      {telling.map(({ index, more }: Telling, i) => {
        const label = labels[i];
        return label == null ? null : (
          <text key={index} x={label.x} y={label.y}>
            {wordsOf(events.text(events.word.at(index)), more)}
          </text>
        );
      })}
      {lost.map(({ index, text }, i) => {
        const label = labels[telling.length + i];
        return label == null ? null : (
          <text key={index} class="lost" x={label.x} y={label.y}>
            {text}
          </text>
        );
      })}
    </g>
  );
}

const wordsOf = (type: string, more: number): string => (more === 0 ? type : `${type} +${more}`);

/** px between two messages on the same way. */
const BETWEEN = 11;

/** By index of the message. */
function placesOf(flights: readonly Flight[], ways: Ways): ReadonlyMap<number, Place> {
  const events = timeline.value;
  const byWay = new Map<string, Flight[]>();
  for (const flight of flights) {
    const key = `${events.node.at(flight.index)} ${events.peer.at(flight.index)}`;
    const others = byWay.get(key);
    if (others === undefined) byWay.set(key, [flight]);
    else others.push(flight);
  }
  const places = new Map<number, Place>();
  for (const all of byWay.values()) {
    const [{ index }] = all as [Flight]; // none is empty
    const [from, to] = [events.text(events.node.at(index)), events.text(events.peer.at(index))];
    const way = ways.between(from, to);
    if (way === null) continue;
    all.sort((a, b) => b.share - a.share || a.index - b.index);
    const shares = apart(
      all.map(({ share }) => share),
      BETWEEN / Math.max(way.length, BETWEEN),
    );
    all.forEach((flight, i) => {
      places.set(flight.index, way.at(shares[i] as number, to < from)); // one for each
    });
  }
  return places;
}

interface Lost {
  readonly index: number;
  readonly at: Place;
  readonly text: string;
}

/** One for each way: what was lost on it, and how many of them. */
function lostWords(losses: readonly number[], ways: Ways): Lost[] {
  const events = timeline.value;
  const byWay = new Map<string, number[]>();
  for (const index of losses) {
    const key = `${events.text(events.node.at(index))} ${events.text(events.peer.at(index))}`;
    byWay.set(key, [...(byWay.get(key) ?? []), index]);
  }
  return [...byWay].flatMap(([key, all]) => {
    const [from = '', to = ''] = key.split(' ');
    const way = ways.between(from, to);
    const [index] = all;
    if (way === null || index === undefined) return [];
    const sent = events.sent.at(index);
    const type = sent < 0 ? events.text(events.word.at(index)) : events.text(events.word.at(sent));
    return [{ index, at: way.at(LOST_AT, to < from), text: `${wordsOf(type, all.length - 1)} lost` }];
  });
}

interface MessageProps {
  readonly index: number;
  readonly at: Place;
  readonly isPicked: boolean;
}

function Message({ index, at, isPicked }: MessageProps): JSX.Element {
  const events = timeline.value;
  const isControl = events.control.at(index) === 1;
  const pick = (): void => choose({ kind: 'message', index });
  const about = `${events.text(events.word.at(index))} from ${events.text(events.node.at(index))} to ${events.text(events.peer.at(index))}${requestOf(events, index)}`;
  return (
    <g
      class={`flight ${isControl ? 'control' : ''} ${isPicked ? 'picked' : ''} ${categoryOf(events.request.at(index))}`}
      transform={`translate(${at.x} ${at.y})`}
      role="button"
      tabindex={0}
      aria-label={about}
      onClick={pick}
      onKeyDown={act(pick)}
    >
      <title>{about}</title>
      <circle class="reach" r={12} />
      <circle class="dot" r={isControl ? 3.5 : 6} />
    </g>
  );
}
