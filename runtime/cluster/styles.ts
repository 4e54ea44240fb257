/**
 * The replication styles, each by the word that chooses it.
 */
import { active } from '../../machines/active/index.js';
import { lazy } from '../../machines/lazy/index.js';
import { local } from '../../machines/local/index.js';
import { passive } from '../../machines/passive/index.js';

export const styles = { active, local, passive, lazy } as const;
export type StyleName = keyof typeof styles;
