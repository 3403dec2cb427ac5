/** The package has no types. */
declare module "lz4js" {
  export function decompress(packed: Uint8Array, maxSize?: number): Uint8Array | number[];
  export function decompressBound(packed: Uint8Array): number;
}
