/**
 * What `chorale compare` sets side by side: every style as it comes, and settings of it that tell something.
 */
import type { ClusterSettings } from '../cluster/settings.js';
import { type StyleName, styles } from '../cluster/styles.js';

export interface Variant {
  /** The style and whatever is not as usual, such as `active reads=one`. */
  readonly name: string;
  readonly settings: ClusterSettings & { readonly replication: StyleName };
}

type OwnSettings = Omit<ClusterSettings, 'replication'>;

/** Settings of a style that are worth a line of their own, besides the one that each style has as it comes. */
const telling: { readonly [Name in StyleName]?: readonly OwnSettings[] } = {
  active: [{ membership: 'dynamic' }, { reads: 'one' }, { tolerate: 'byzantine' }],
  passive: [{ reads: 'backups' }, { lease: 100 }, { backups: 'cold' }, { backups: 'rollback' }],
};

const variantOf = (replication: StyleName, settings: OwnSettings): Variant => ({
  name: [replication, ...Object.entries(settings).map(([setting, value]) => `${setting}=${value}`)].join(' '),
  settings: { replication, ...settings },
});

export const variants: readonly Variant[] = (Object.keys(styles) as StyleName[]).flatMap((name) =>
  [{}, ...(telling[name] ?? [])].map((settings) => variantOf(name, settings)),
);
