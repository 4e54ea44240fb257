/**
 * One small patch at least for each proved rule, and one for each of its sentences where it has several.
 *
 * `breaks` says what is no longer true; `find` stands once in `file`, and `replace` comes in its place. `tests` are the
 * files that hold the rule's proof. `name`, a part of the name of the tests to run, saves time where a rule has many; without it
 * all tests of the rule run. A rule that the compiler keeps has `types` in place of `tests`: files that must not compile.
 */
import { active } from './active.mjs';
import { activeDynamic } from './active-dynamic.mjs';
import { agreed } from './agreed.mjs';
import { channels } from './channels.mjs';
import { checks } from './checks.mjs';
import { comparing } from './compare.mjs';
import { detection } from './detection.mjs';
import { explore } from './explore.mjs';
import { exploreGroups } from './explore-groups.mjs';
import { lazy } from './lazy.mjs';
import { membership } from './membership.mjs';
import { multicast } from './multicast.mjs';
import { naming } from './names.mjs';
import { passive } from './passive.mjs';
import { storage } from './storage.mjs';
import { transfer } from './transfer.mjs';
import { viewSynchrony } from './view-synchrony.mjs';

/** What it replaces stands in the source exactly once. */
export const fits = (source, { find }) => source.split(find).length === 2;

export const mutants = [
  ...channels,
  ...multicast,
  ...active,
  ...checks,
  ...explore,
  ...storage,
  ...detection,
  ...membership,
  ...viewSynchrony,
  ...transfer,
  ...passive,
  ...activeDynamic,
  ...comparing,
  ...agreed,
  ...lazy,
  ...naming,
  ...exploreGroups,
];
