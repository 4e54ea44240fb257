/**
 * A chat room on a causal group: who replies has seen what it answers, so nobody sees the reply first, however late the network is.
 * Nothing else is ordered: two who speak at once may be seen in either order.
 */
import type { Process } from 'chorale';

/** What somebody says, and what it answers: `ann 3`, the third that ann has said. */
export interface Line {
  readonly id: string;
  readonly text: string;
  readonly answers: string | null;
}

export interface Room {
  /** What this member has seen, in its order. */
  readonly seen: readonly Line[];
  /** Says something. Returns its id. */
  say(text: string, answers?: string | null): string;
  leave(): Promise<void>;
}

export const roomName = 'room';

/** Enters the room. It hears what is said from then on. */
export async function enter(
  process: Process,
  heard: (line: Line) => void = () => {},
  present: (members: readonly string[]) => void = () => {},
): Promise<Room> {
  const seen: Line[] = [];
  let said = 0;
  await process.join(roomName, {
    order: 'causal',
    delivered({ payload }) {
      const line = payload as unknown as Line; // nobody sends anything else to this group
      seen.push(line);
      heard(line);
    },
    view: ({ members }) => present(members.map(({ id }) => id)),
  });
  return {
    seen,
    say(text, answers = null) {
      said += 1;
      const id = `${process.name} ${said}`;
      process.multicast(roomName, { id, text, answers });
      return id;
    },
    leave: () => process.leave(roomName),
  };
}
