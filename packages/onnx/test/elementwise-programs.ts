import { numpy as np } from "@jax-js/jax";
import fc from "fast-check";

type A = np.Array;

/**
 * Random programs that only work element by element. Each instruction takes values by number and
 * appends its result; arrays of different shapes never meet, scalars meet all.
 */
type ElementwiseCode = readonly Readonly<{ op: number; a: number; b: number; c: number }>[];
export type ElementwiseCase = Readonly<{
  shapes: readonly number[][];
  code: ElementwiseCode;
  into: number[];
}>;

const shape = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 2 }),
);

export const elementwiseCases: fc.Arbitrary<ElementwiseCase> = fc.record({
  shapes: fc.array(shape, { minLength: 2, maxLength: 5 }).map((shapes) => [...shapes, [23]]),
  code: fc.array(fc.record({ op: fc.nat(99), a: fc.nat(99), b: fc.nat(99), c: fc.nat(99) }), {
    minLength: 2,
    maxLength: 14,
  }),
  into: fc.array(fc.nat(99), { minLength: 4, maxLength: 4 }),
});

/** Operations borrow. Where a difference of one rounding could tip a comparison, it is with a far number. */
const operations: readonly ((a: A, b: A, c: A) => A)[] = [
  (a, b) => a.ref.add(b.ref),
  (a, b) => a.ref.sub(b.ref),
  (a, b) => a.ref.neg().add(b.ref),
  (a, b) => a.ref.mul(b.ref),
  (a, b) => a.ref.div(np.square(b.ref).add(0.5)),
  (a) => np.square(np.reciprocal(np.square(a.ref).add(0.75))),
  (a) => np.reciprocal(np.square(a.ref).add(1)).neg(),
  (a) => np.sqrt(np.square(a.ref).add(0.0625)),
  (a, b) => np.minimum(a.ref, b.ref),
  (a, b) => np.maximum(a.ref, b.ref),
  (a) => np.clip(a.ref, -0.4375, 0.625),
  (a) => np.abs(a.ref),
  (a) => np.floor(a.ref.mul(3).add(0.0137)),
  (a) => np.ceil(a.ref.mul(2).sub(0.0211)),
  (a, b, c) => np.where(np.less(a.ref, 0.3125), b.ref, c.ref),
  (a, b) => np.where(np.greater(a.ref, 0.3125), 1.5, b.ref),
  (a, b) => np.where(np.lessEqual(a.ref, 0.3125).mul(np.less(-0.5, a.ref)), a.ref, b.ref),
  (a) => np.logicalNot(np.less(a.ref, 0.3125)).astype(np.float32),
  (a, b) => np.notEqual(np.less(a.ref, 0.3125), np.less(b.ref, -0.125)).mul(a.ref),
  (a, b) => np.equal(np.less(a.ref, 0.3125), np.less(b.ref, -0.125)).astype(np.float32),
  (a) => a.ref.mul(0.75).add(-0.125),
  (a) => a.ref.reshape([-1]).reshape(a.shape).mul(0.5),
];

/** Runs a case on arrays; consumes them and returns its last arrays, an argument and a constant array. */
export function runElementwise({ code }: ElementwiseCase, inputs: readonly A[]): A[] {
  const values = [...inputs];
  const results: A[] = [];
  const pick = (n: number): A => values[values.length - 1 - (n % values.length)] as A;
  for (const { op, a, b, c } of code) {
    const x = pick(a);
    const meets = (n: number): A => {
      const other = pick(n);
      return other.ndim === 0 || other.shape.join() === x.shape.join() ? other : x;
    };
    const result = (operations[op % operations.length] as (typeof operations)[number])(x, meets(b), meets(c));
    values.push(result);
    results.push(result.ref);
  }
  const last = inputs[inputs.length - 1] as A;
  const outputs = [...results.slice(-4).map((r) => r.ref), last.ref, np.full([5], 1.25)];
  for (const value of [...values, ...results]) value.dispose();
  return outputs;
}
