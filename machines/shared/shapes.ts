/**
 * What a message must look like before its actor sees it (CH-5). Every machine file lists its message types with the
 * shape of one item; the runtime asks these before `send`, so a guard or a rule never meets a field of the wrong type,
 * and XState never an event type that the machine does not know.
 */
export type Shape = (value: unknown) => boolean;

/** The messages that a machine takes from other nodes: type → shape of one item. */
export type MessageShapes = Readonly<Record<string, Shape>>;

export const text: Shape = (value) => typeof value === 'string';
export const natural: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const number: Shape = (value) => typeof value === 'number';
export const flag: Shape = (value) => typeof value === 'boolean';
export const anything: Shape = () => true;
export const oneOf =
  (...values: readonly unknown[]): Shape =>
  (value) =>
    values.includes(value);
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value);
export const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
export const recordOf =
  (shape: Shape): Shape =>
  (value) =>
    isPlain(value) && Object.values(value).every(shape);

/** A plain object with these fields; others are let be. */
export const fields = (shapes: Readonly<Record<string, Shape>>): Shape => {
  const entries = Object.entries(shapes);
  return (value) => isPlain(value) && entries.every(([name, shape]) => shape(value[name]));
};

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
