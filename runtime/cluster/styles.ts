/**
 * The replication styles, each by the word that chooses it.
 */
import { active } from '../../machines/active/index.js';
import { local } from '../../machines/local/index.js';

export const styles = { active, local } as const;
export type StyleName = keyof typeof styles;
