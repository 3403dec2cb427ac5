/**
 * The part of WebAssembly's binary format for a module of functions over one imported memory. Source: WebAssembly core
 * specification, chapter 5, and its SIMD proposal.
 */

/** A function of `ints` i32 parameters, then `floats` f32 ones, with `vectors` v128 locals after them. */
export type WasmFunction = Readonly<{
  ints: number;
  floats: number;
  vectors: number;
  body: readonly number[];
}>;

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [1, 0, 0, 0];
const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

/** An unsigned integer in LEB128. */
function leb(n: number): number[] {
  const bytes: number[] = [];
  do {
    const low = n & 127;
    n >>>= 7;
    bytes.push(n > 0 ? low | 128 : low);
  } while (n > 0);
  return bytes;
}

const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
const list = (examples: readonly (readonly number[])[]): number[] => [
  ...leb(examples.length),
  ...examples.flat(),
];
const text = (s: string): number[] => sized([...s].map((c) => c.charCodeAt(0)));

/** A module that imports `env.memory` and exports its functions as "0", "1", … */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ ints, floats }) => [
    0x60,
    ...list([...Array<number[]>(ints).fill([I32]), ...Array<number[]>(floats).fill([F32])]),
    0, // no results
  ]);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x00, 1]; // at least one page
  const code = functions.map(({ vectors, body }) =>
    sized([...list([[...leb(vectors), V128]]), ...body, END]),
  );
  return Uint8Array.from([
    ...MAGIC,
    ...VERSION,
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(functions.map((_, i) => leb(i)))),
    ...section(7, list(functions.map((_, i) => [...text(String(i)), 0x00, ...leb(i)]))),
    ...section(10, list(code)),
  ]);
}

/** A signed integer in LEB128. */
function signedLeb(n: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = n & 127;
    n >>= 7;
    if ((n === 0 && low < 64) || (n === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

const END = 0x0b;
const simd = (code: number): number[] => [0xfd, ...leb(code)];
const memoryArgument = (offset: number): number[] => [4, ...leb(offset)]; // aligned to 2⁴ bytes

/** Instructions, as bytes. */
export const wasm = {
  end: [END],
  loop: [0x03, 0x40],
  /** Branches to the start of the innermost loop if the number on the stack is not 0. */
  repeatIf: [0x0d, 0],
  get: (local: number): number[] => [0x20, ...leb(local)],
  set: (local: number): number[] => [0x21, ...leb(local)],
  tee: (local: number): number[] => [0x22, ...leb(local)],
  int: (n: number): number[] => [0x41, ...signedLeb(n)],
  addInts: [0x6a],
  subtractInts: [0x6b],
  float: (x: number): number[] => [0x43, ...new Uint8Array(Float32Array.of(x).buffer)],
  splat: simd(0x13),
  load: (offset: number): number[] => [...simd(0x00), ...memoryArgument(offset)],
  store: (offset: number): number[] => [...simd(0x0b), ...memoryArgument(offset)],
  simd,
} as const;
