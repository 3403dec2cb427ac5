import type { Lazy } from "../lazy.js";

const operands = new WeakMap<Lazy, readonly [Lazy, Lazy]>();

/** Records the operands of an elementwise product. */
export function rememberProduct(product: Lazy, x: Lazy, y: Lazy): void {
  operands.set(product, [x, y]);
}

/**
 * The operands of a product whose sum over `axes` is a matrix product: each side lacks an axis that
 * the other has, so that the product is larger than both.
 */
export function matrixOperands(product: Lazy, axes: readonly number[]): readonly [Lazy, Lazy] | undefined {
  const pair = operands.get(product);
  return pair !== undefined && isMatrixProduct(...pair, axes) ? pair : undefined;
}

function isMatrixProduct(x: Lazy, y: Lazy, axes: readonly number[]): boolean {
  const rank = Math.max(x.axes.length, y.axes.length);
  const holds = (v: Lazy, axis: number) => (v.axes[axis - rank + v.axes.length] ?? []).some((f) => !f.lazy);
  const outer = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
  return (
    axes.some((i) => holds(x, i) && holds(y, i)) &&
    outer.some((i) => holds(x, i) && !holds(y, i)) &&
    outer.some((i) => !holds(x, i) && holds(y, i))
  );
}
