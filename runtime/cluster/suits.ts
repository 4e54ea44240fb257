import type { AnyService, Service } from '../service/index.js';
import type { StyleName, styles } from './styles.js';

/**
 * What a service must be for a style, as a type (FN-4): nothing more when it suits, and else a sentence that the
 * compiler shows in its error.
 */
export type Suits<
  S extends AnyService,
  Replication extends StyleName,
> = (typeof styles)[Replication]['needs']['deterministic'] extends true
  ? S extends { readonly deterministic: true }
    ? unknown
    : { readonly 'STYLE_UNSUITED: this style executes every operation at every replica': Service }
  : unknown;
