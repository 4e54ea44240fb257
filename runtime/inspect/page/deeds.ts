/** What a viewer does to a run. */
import type { Serializable } from '../../../machines/shared/serializable.js';
import type { Command } from '../protocol.js';
import { cursor, following, opened, send } from './model.js';
import { pause, playing } from './playback.js';

/** A fault at the cursor: what came after it is forgotten. */
export const inject = (fault: string): void => change({ do: 'inject', fault, place: cursor.value });

/** Ends a fault that is in force at the cursor. */
export const endFault = (fault: string): void => change({ do: 'end', fault, place: cursor.value });

/** The run goes on as it did. */
function change(command: Command): void {
  if (opened.value?.abilities.control !== true) return;
  const going = playing.value;
  if (going) pause();
  send(command);
  following.value = true; // what is known ends there now
  if (going) playing.value = true;
}

/** For what can be clicked and is no button of HTML: Enter and space do it too. */
export const act =
  (deed: () => void) =>
  (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    deed();
  };

export function request(client: string, op: string, args: readonly Serializable[]): void {
  if (opened.value?.source === 'live') send({ do: 'call', op, args });
  else send({ do: 'request', client, op, args, place: cursor.value });
  following.value = true;
}

export function load(clients: number, each: number): void {
  send({ do: 'load', clients, each, place: cursor.value });
  following.value = true;
}
