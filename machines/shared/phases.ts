/**
 * The five phases of a replicated request, the same words for every style (FN-2).
 */
export const phases = ['RE', 'SC', 'EX', 'AC', 'END'] as const;
/** RE request · SC server coordination · EX execution · AC agreement coordination · END response. */
export type Phase = (typeof phases)[number];
