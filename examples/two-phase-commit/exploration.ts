/**
 * Two-phase commit, explored: nobody commits what another has aborted, whatever comes late, often or never.
 */
import { always, type Configuration, type EnvironmentEvent, sometimes, type View } from 'chorale/explore';
import { address, nodeId } from 'chorale/machines';
import { resourceManager, transactionManager } from './machines.js';

export const about = 'atomic commitment: a transaction manager and its resource managers; messages are never lost';

/** `rms`: number of resource managers. 1 to 6 of them have 12, 56, 288, 1568, 8832, 50816 states without symmetry. */
export function exploration({ rms = 3 }: { readonly rms?: number } = {}): Configuration {
  const manager = address(nodeId('tm'), 'tm');
  const nodes = Array.from({ length: rms }, (_, i) => nodeId(`rm-${i + 1}`));
  const resourceManagers = nodes.map((node) => address(node, 'rm'));
  const someone = (view: View, state: string): boolean => resourceManagers.some((rm) => view.state(rm) === state);
  const choices = (to: EnvironmentEvent['to'], ...types: string[]): EnvironmentEvent[] =>
    types.map((type) => ({ to, event: { type }, times: Number.POSITIVE_INFINITY }));
  return {
    name: `two-phase commit, ${rms} resource managers`,
    actors: [
      { address: manager, machine: transactionManager, input: () => ({ resourceManagers }) },
      ...resourceManagers.map((rm) => ({ address: rm, machine: resourceManager, input: () => ({ manager }) })),
    ],
    network: { kept: true },
    environment: [
      ...choices(manager, 'decide commit', 'decide abort'),
      ...resourceManagers.flatMap((rm) => choices(rm, 'prepare', 'refuse')),
    ],
    properties: [
      always('consistent', (view) => !(someone(view, 'committed') && someone(view, 'aborted'))),
      sometimes('all commit', (view) => resourceManagers.every((rm) => view.state(rm) === 'committed')),
      sometimes('all abort', (view) => resourceManagers.every((rm) => view.state(rm) === 'aborted')),
    ],
    symmetry: [{ nodes, sets: ['resourceManagers', 'prepared'] }],
  };
}
