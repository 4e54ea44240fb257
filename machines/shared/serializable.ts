/**
 * What crosses the wire: plain data that means the same on every node. No class, no function, no symbol, no cycle.
 * `undefined` is data too (the reply of an update that returns nothing), but not as an object's property.
 */
export type Serializable =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Serializable[]
  | { readonly [key: string]: Serializable };
