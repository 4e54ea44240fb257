/** In what order nodes stand, in every view: requests run one way through them, and replies the other. */

export type Role = 0 | 1 | 2;

/** Who asks; who keeps copies; what serves them. */
export const roleOf = (node: string): Role => (node.startsWith('fe-') ? 0 : node.startsWith('rm-') ? 1 : 2);

/** Those of one role as one counts: rm-2 before rm-10. */
export const inOrder = (a: string, b: string): number =>
  roleOf(a) - roleOf(b) || a.localeCompare(b, 'en', { numeric: true });
