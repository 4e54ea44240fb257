/** What a viewer does to a run. */
import { cursor, opened, send } from './model.js';
import { pause, playing } from './playback.js';

/** A fault at the cursor: what came after it is forgotten. */
export function inject(fault: string): void {
  if (opened.value?.abilities.control !== true) return;
  const going = playing.value;
  if (going) pause();
  send({ do: 'inject', fault, place: cursor.value });
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
