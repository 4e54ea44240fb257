/**
 * The options that choose a replication style and what it does, the same for every command that runs one.
 */
import { type Command, Option } from 'commander';
import { type Order, orders } from '../../machines/multicast/order.js';
import type { FaultModel, ReadPath } from '../../machines/shared/style.js';
import type { OfSomeStyles } from '../cluster/settings.js';
import { type StyleName, styles } from '../cluster/styles.js';
import { whole } from './numbers.js';
import { timeout } from './times.js';

export interface StyleOptions extends OfSomeStyles {
  readonly replication: StyleName;
  readonly tolerate: FaultModel;
  readonly replicas: number;
  /** Absent: the first that the style takes. */
  readonly order?: Order;
  readonly reads: ReadPath;
}

export const styleDefaults = {
  replication: 'active',
  tolerate: 'crash',
  replicas: 3,
  reads: 'order',
} as const satisfies Partial<StyleOptions>;

export function addStyleOptions(command: Command): void {
  const option = (flags: string, about: string): Option => new Option(flags, about);
  command
    .addOption(
      option('--replication <style>', 'how the replicas are kept in step')
        .choices(Object.keys(styles))
        .default(styleDefaults.replication),
    )
    .addOption(
      option('--tolerate <model>', 'what faulty replicas may do')
        .choices(['crash', 'byzantine'])
        .default(styleDefaults.tolerate),
    )
    .addOption(
      option('--replicas <n>', 'number of replica managers').argParser(whole(1, 64)).default(styleDefaults.replicas),
    )
    .addOption(
      option('--order <order>', "order of the replicas' group (default: the first that the style takes)").choices(
        orders,
      ),
    )
    .addOption(
      option(
        '--reads <path>',
        "queries go through the group's order, or to one replica; with a primary, to it or to backups",
      )
        .choices(['order', 'one', 'primary', 'backups'])
        .default(styleDefaults.reads),
    )
    .addOption(
      option(
        '--membership <kind>',
        'the same replicas for good, or members that come and go (default: what the style takes first)',
      ).choices(['static', 'dynamic']),
    )
    .addOption(
      option('--provider <who>', 'who makes a total order where members come and go (default: sequencer)').choices([
        'sequencer',
        'agreed',
      ]),
    )
    .addOption(
      option(
        '--backups <kind>',
        'apply what the primary sends at once, or at take-over; or none, and the primary goes on from its log (default: hot)',
      ).choices(['hot', 'cold', 'rollback']),
    )
    .addOption(
      option(
        '--transfer <what>',
        'a primary sends its backups the new state, or the requests (default: state)',
      ).choices(['state', 'requests']),
    )
    .addOption(
      option(
        '--lease <time>',
        'a primary answers queries at once for so long, and the next view waits that out (default: it asks its backups)',
      ).argParser(timeout),
    );
}

/** Those that only some styles have, where they were given. */
export function ofSomeStyles({ membership, provider, backups, transfer, lease }: OfSomeStyles): OfSomeStyles {
  return {
    ...(membership === undefined ? {} : { membership }),
    ...(provider === undefined ? {} : { provider }),
    ...(backups === undefined ? {} : { backups }),
    ...(transfer === undefined ? {} : { transfer }),
    ...(lease === undefined ? {} : { lease }),
  };
}

/** What is not as usual, in the words of a report: ` · reads at one replica · cold backups`. */
export function unusual({
  reads,
  membership,
  provider,
  backups,
  transfer,
  lease,
}: OfSomeStyles & { readonly reads: string }): string {
  const words = [
    ...(reads === 'one' ? ['reads at one replica'] : []),
    ...(reads === 'backups' ? ['reads at backups'] : []),
    ...(membership === undefined ? [] : [`${membership} membership`]),
    ...(provider === 'agreed' ? ['order agreed by all'] : []),
    ...(backups === 'cold' ? ['cold backups'] : []),
    ...(backups === 'rollback' ? ['rollback recovery'] : []),
    ...(transfer === 'requests' ? ['requests sent on'] : []),
    ...(lease === undefined || lease === 0 ? [] : [`leases of ${lease} ms`]),
  ];
  return words.map((word) => ` · ${word}`).join('');
}
