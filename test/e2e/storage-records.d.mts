export function recordOf(number: number, stands?: string): Uint8Array;
export function summaryOf(records: readonly Uint8Array[]): { last: number; wrong: string | null };
