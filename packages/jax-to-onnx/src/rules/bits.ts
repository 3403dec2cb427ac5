import { DType } from "@jax-js/jax";
import {
  apply,
  type Context,
  cast,
  constant,
  convert,
  literal,
  plainContext,
  type Rule,
  unsupported,
  wrap,
} from "../context.js";
import { outType, paramsOf } from "../jaxpr.js";
import { broadcast, type Lazy, ofBuffer } from "../lazy.js";
import { leading, nth, sizeOf } from "../lists.js";
import { select } from "./choice.js";

/**
 * Bits of 32-bit integers. ONNX shifts only unsigned types, for which ONNX Runtime has few kernels, so a shift is a
 * product or quotient with a power of two in the int64 representation of uint32.
 */

const U = DType.Uint32;
const number = (cx: Context, value: number): Lazy => literal(cx, value, U);
const op = (cx: Context, name: string, a: Lazy, b: Lazy): Lazy => apply(cx, name, [a, b], U);
const add = (cx: Context, a: Lazy, b: Lazy): Lazy => wrap(cx, op(cx, "Add", a, b));
const xor = (cx: Context, a: Lazy, b: Lazy): Lazy => op(cx, "BitwiseXor", a, b);

function shift(cx: Context, x: Lazy, by: Lazy, left: boolean): Lazy {
  // The last five bits of the number set the shift, as is usual.
  const power =
    by.literal === undefined
      ? op(cx, "Pow", number(cx, 2), op(cx, "BitwiseAnd", by, number(cx, 31)))
      : number(cx, 2 ** (by.literal & 31));
  return left ? wrap(cx, op(cx, "Mul", x, power)) : op(cx, "Div", x, power);
}

const bitShift: Rule = (cx, eqn, a, b) => {
  const dtype = outType(eqn);
  const [x, by] = [convert(cx, a, U), convert(cx, b, U)];
  const result = shift(cx, x, by, paramsOf<{ op: "shl" | "shr" }>(eqn).op === "shl");
  return [asInt(cx, result, dtype)];
};

/** Reinterprets a uint32 as an int32: from 2³¹ on it is a negative number. */
export function asInt(cx: Context, v: Lazy, dtype: DType): Lazy {
  if (dtype !== DType.Int32) return v;
  const high = apply(cx, "Less", [number(cx, 2147483647), v], DType.Bool);
  const signed = select(cx, high, op(cx, "Sub", v, number(cx, 4294967296)), v);
  return cast(cx, signed, DType.Int32);
}

/** Counts ones by adding neighbours: pairs, then fours, eights and so on. */
const bitCount: Rule = (cx, _eqn, integer) => {
  let v = convert(cx, integer, U);
  for (const [width, mask] of [
    [1, 0x55555555],
    [2, 0x33333333],
    [4, 0x0f0f0f0f],
    [8, 0x00ff00ff],
    [16, 0x0000ffff],
  ] as const) {
    const low = op(cx, "BitwiseAnd", v, number(cx, mask));
    const high = op(cx, "BitwiseAnd", shift(cx, v, number(cx, width), false), number(cx, mask));
    v = op(cx, "Add", low, high);
  }
  return [convert(cx, v, DType.Int32)];
};

/** The float32 with these bits, computed as (1 + m/2²³) · 2^(e−127). This does not cover infinities and NaN. */
function floatOfBits(cx: Context, bits: Lazy): Lazy {
  const F = DType.Float32;
  const part = (by: number, size: number) =>
    convert(cx, op(cx, "Mod", shift(cx, bits, number(cx, by), false), number(cx, size)), F);
  const real = (name: string, a: Lazy, b: Lazy) => apply(cx, name, [a, b], F);
  const [fraction, exponent, sign] = [part(0, 2 ** 23), part(23, 2 ** 8), part(31, 2)];
  const normal = convert(cx, apply(cx, "Less", [literal(cx, 0, F), exponent], DType.Bool), F);
  const mantissa = real("Add", fraction, real("Mul", normal, literal(cx, 2 ** 23, F)));
  const power = real("Sub", real("Max", exponent, literal(cx, 1, F)), literal(cx, 150, F));
  const scale = real("Pow", literal(cx, 2, F), power);
  const signed = real("Sub", literal(cx, 1, F), real("Mul", sign, literal(cx, 2, F)));
  return real("Mul", real("Mul", mantissa, scale), signed);
}

const bitcast: Rule = (cx, eqn, v) => {
  const { dtype } = paramsOf<{ dtype: DType }>(eqn);
  if (v.dtype === dtype) return [v];
  if (v.dtype !== U && v.dtype !== DType.Int32)
    throw unsupported(eqn, `the bits of ${v.dtype} cannot be read in ONNX`);
  if (dtype === U) return [convert(cx, v, U)];
  if (dtype === DType.Int32) return [asInt(cx, v, dtype)];
  if (dtype === DType.Float32) return [floatOfBits(cx, convert(cx, v, U))];
  throw unsupported(eqn, `bits cannot become ${dtype} in ONNX`);
};

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Threefry-2x32 (Salmon et al. 2011) with 20 rounds, as jax-js counts and mixes it. */
const randomBits: Rule = (cx, eqn, ...inputs) => {
  const { shape, mode } = paramsOf<{ shape: number[]; mode: "xor" | 0 | 1 }>(eqn);
  const plain = plainContext(cx.graph);
  // Each key yields a block of the result: the axes of the keys are its first ones.
  const keyRank = inputs[0]?.axes.length ?? 0;
  const inBlock = [...shape.keys()].slice(keyRank);
  const spread = inputs.map((key) => broadcast(key, shape, inBlock));
  const [k0, k1] = leading(spread, 2);
  const k2 = xor(plain, xor(plain, k0, k1), number(plain, 466688986));
  const keys = [k0, k1, k2] as const;
  const key = (i: number) => nth(keys, i % 3);
  let x0 = k0;
  let x1 = add(plain, counter(plain, shape, keyRank), k1);
  for (let group = 0; group < 5; group++) {
    for (const by of nth(ROTATIONS, group % 2)) {
      x0 = add(plain, x0, x1);
      const rotated = op(
        plain,
        "BitwiseOr",
        shift(plain, x1, number(plain, by), true),
        shift(plain, x1, number(plain, 32 - by), false),
      );
      x1 = xor(plain, rotated, x0);
    }
    x0 = add(plain, x0, key(group + 1));
    x1 = add(plain, x1, add(plain, key(group + 2), number(plain, group + 1)));
  }
  return [mode === "xor" ? xor(plain, x0, x1) : mode === 0 ? x0 : x1];
};

/** 0, 1, 2, … within each block. */
function counter(cx: Context, shape: readonly number[], keyRank: number): Lazy {
  const block = shape.slice(keyRank);
  const values = Array.from({ length: sizeOf(block) }, (_, i) => i);
  const name = constant(cx.graph, values, { dtype: U, shape: block });
  return broadcast(ofBuffer(name, U, block), shape, [...shape.keys()].slice(0, keyRank));
}

export const bitRules: Readonly<Record<string, Rule>> = {
  bit_shift: bitShift,
  bit_count: bitCount,
  bitcast,
  random_bits: randomBits,
};
