/**
 * The operations of fused programs: on one number, and as a WebAssembly instruction on four of them.
 * A mask is all ones or all zeros in a SIMD lane, and 1 or 0 as a number. Each instruction rounds once, according to
 * IEEE 754; `min` and `max` return NaN for a NaN operand, and treat −0 as less than 0, in WebAssembly as in JavaScript.
 */
export const operations = {
  add: { code: 0xe4, mask: false, of: (a, b) => a + b },
  sub: { code: 0xe5, mask: false, of: (a, b) => a - b },
  mul: { code: 0xe6, mask: false, of: (a, b) => a * b },
  div: { code: 0xe7, mask: false, of: (a, b) => a / b },
  min: { code: 0xe8, mask: false, of: (a, b) => Math.min(a, b) },
  max: { code: 0xe9, mask: false, of: (a, b) => Math.max(a, b) },
  neg: { code: 0xe1, mask: false, of: (a) => -a },
  sqrt: { code: 0xe3, mask: false, of: (a) => Math.sqrt(a) },
  floor: { code: 0x68, mask: false, of: (a) => Math.floor(a) },
  ceil: { code: 0x67, mask: false, of: (a) => Math.ceil(a) },
  equal: { code: 0x41, mask: true, of: (a, b) => Number(a === b) },
  notEqual: { code: 0x42, mask: true, of: (a, b) => Number(a !== b) },
  less: { code: 0x43, mask: true, of: (a, b) => Number(a < b) },
  lessEqual: { code: 0x45, mask: true, of: (a, b) => Number(a <= b) },
  not: { code: 0x4d, mask: true, of: (a) => 1 - a },
  and: { code: 0x4e, mask: true, of: (a, b) => a & b },
  or: { code: 0x50, mask: true, of: (a, b) => a | b },
  xor: { code: 0x51, mask: true, of: (a, b) => a ^ b },
  /** a where the mask m is true, else 0. */
  keep: { code: 0x4e, mask: false, of: (a, m) => (m ? a : 0) },
  /** a where the mask m is true, else b. */
  select: { code: 0x52, mask: false, of: (a, b, m) => (m ? a : b) },
  selectMask: { code: 0x52, mask: true, of: (a, b, m) => (m ? a : b) },
} as const satisfies Record<string, Operation>;

/** `of` takes as many numbers as the operation. */
type Operation = { code: number; mask: boolean; of: (a: number, b: number, c: number) => number };

export type OperationName = keyof typeof operations;

/** The operation on numbers, rounded to float32. */
export const compute = (name: OperationName, [a = 0, b = 0, c = 0]: readonly number[]): number =>
  Math.fround((operations[name] as Operation).of(a, b, c));
