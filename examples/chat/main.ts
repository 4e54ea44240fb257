/**
 * A conversation in virtual time, on a network where some frames are a hundred times as late as others: ann asks, bob answers,
 * carol answers him and leaves. Nobody sees an answer before what it answers.
 */
import { simulateGroups } from 'chorale';
import { enter, type Line, roomName } from './room.js';

const groups = simulateGroups({ seed: 7, delay: [1, 100], loss: 0.1 });
const say = (who: string, what: string): void =>
  console.log(`${String(Math.round(groups.now)).padStart(5)} ms  ${who.padEnd(5)} ${what}`);
const hears = (who: string) => (line: Line) =>
  say(who, `sees "${line.text}" of ${line.id}${line.answers === null ? '' : `, which answers ${line.answers}`}`);
const sees = (who: string) => (members: readonly string[]) => say(who, `is in the room with ${members.join(', ')}`);

const [ann, bob, carol] = ['ann', 'bob', 'carol'].map((name) => groups.process(name));
if (ann === undefined || bob === undefined || carol === undefined) throw new Error('There are three of them.');
await groups.until(ann.create(roomName));
const annsRoom = await groups.until(enter(ann, hears('ann'), sees('ann')));
const bobsRoom = await groups.until(enter(bob, hears('bob'), sees('bob')));
const carolsRoom = await groups.until(enter(carol, hears('carol'), sees('carol')));
groups.advance(1_000);

const question = annsRoom.say('Is anybody here?');
while (!bobsRoom.seen.some(({ id }) => id === question)) groups.advance(1);
const answer = bobsRoom.say('I am.', question);
while (!carolsRoom.seen.some(({ id }) => id === answer)) groups.advance(1);
carolsRoom.say('And I, but I must go.', answer);
await groups.until(carolsRoom.leave());
groups.advance(1_000);
annsRoom.say('So there were three of us.');
groups.advance(1_000);
groups.close();
