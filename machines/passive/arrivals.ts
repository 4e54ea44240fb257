/**
 * What has come and waits for its turn, in the order of arrival. Adding to it is no copy of it.
 */
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';

/** By place, from 1. */
export type Arrivals<Item> = PersistentMap<Item>;

export const noArrivals = <Item>(): Arrivals<Item> => emptyMap();

export const arrived = <Item>(before: Arrivals<Item>, items: readonly Item[]): Arrivals<Item> =>
  items.reduce((now, item) => mapSet(now, String(now.size + 1), item), before);

export function inOrder<Item>(arrivals: Arrivals<Item>): Item[] {
  const items: Item[] = [];
  for (let place = 1; place <= arrivals.size; place++) {
    const item = mapGet(arrivals, String(place));
    if (item !== undefined) items.push(item);
  }
  return items;
}
