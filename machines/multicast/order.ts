/**
 * The order in which the members of a group handle its messages (MC-5): a setting of the group.
 */
export const orders = ['unordered', 'fifo', 'causal', 'total', 'fifo-total', 'causal-total'] as const;
export type Order = (typeof orders)[number];

/** Orders in which all members handle all messages in one sequence, whatever else they promise. */
export const isTotal = (order: Order): boolean => order.endsWith('total');
/** Orders that keep each sender's own order. */
export const keepsFifo = (order: Order): boolean => order !== 'unordered' && order !== 'total';
/** Orders for which messages carry what their sender had seen. */
export const keepsCausal = (order: Order): boolean => order.startsWith('causal');
