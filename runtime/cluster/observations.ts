/**
 * Who watches which actors of a cluster. Nodes come and go; whoever watches an actor goes on doing so in its node's next incarnation.
 */
import { type Address, actorOf, nodeOf } from '../../machines/shared/identifiers.js';
import type { Observer } from '../actors/hosted.js';
import type { Node } from '../actors/node.js';

/** Addresses of actors, or all of them. */
export type Observed = 'all' | readonly Address[];

interface Observation {
  readonly actors: Observed;
  readonly observer: Observer;
  /** What ends it, by the id of the node that it is on now. */
  readonly ends: Map<string, () => void>;
}

export class Observations {
  readonly #observations = new Set<Observation>();

  add(actors: Observed, observer: Observer, nodes: Iterable<Node>): () => void {
    const observation: Observation = { actors, observer, ends: new Map() };
    this.#observations.add(observation);
    for (const node of nodes) observe(node, observation);
    return () => {
      this.#observations.delete(observation);
      for (const end of observation.ends.values()) end();
    };
  }

  /** A node has come, with no actors yet. */
  attend(node: Node): void {
    for (const observation of this.#observations) observe(node, observation);
  }
}

function observe(node: Node, { actors, observer, ends }: Observation): void {
  const here = actors === 'all' ? actors : actors.filter((each) => nodeOf(each) === node.id).map(actorOf);
  if (here.length > 0) ends.set(node.id, node.observe(here, observer));
}
