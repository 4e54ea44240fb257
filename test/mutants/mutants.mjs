/**
 * One small patch at least for each proved rule, and one for each of its sentences where it has several.
 *
 * `breaks` says what is no longer true; `find` stands once in `file`, and `replace` comes in its place. `tests` are the
 * files that hold the rule's proof. `name`, a part of the name of the tests to run, saves time where a rule has many; without it
 * all tests of the rule run. A rule that the compiler keeps has `types` in place of `tests`: files that must not compile.
 */
import { active } from './active.mjs';
import { channels } from './channels.mjs';
import { checks } from './checks.mjs';
import { explore } from './explore.mjs';
import { multicast } from './multicast.mjs';

export const mutants = [...channels, ...multicast, ...active, ...checks, ...explore];
