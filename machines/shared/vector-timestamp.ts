export type VectorTimestamp = Readonly<Record<string, number>>;
