import type { HostArray } from "../host-array.js";

const EPS = 2 ** -24;
/** Below the normal numbers of float32, which ONNX Runtime may round to zero. */
const TINY = 2 ** -120;
/** Above them a number in one order of operations is infinite in another. */
const HUGE = 2 ** 120;

/** Results to compare: in float32 by the lowering and by jax-js, in float64, and in float64 of changed inputs. */
export type Evidence = Readonly<{
  got: HostArray;
  same: HostArray;
  exact: HostArray;
  changed: readonly HostArray[];
}>;

/**
 * The first entry that is wrong, with its numbers. A float may be off by what a change of the inputs by one rounding
 * makes of it, times `slack`, by `floor`, and by what jax-js itself is off at numbers of the same size. NaN and infinities must be
 * where jax-js has them.
 */
export function firstWrong(
  { got, same, exact, changed }: Evidence,
  slack: number,
  floor: number,
): string | undefined {
  if (got.shape.join() !== same.shape.join() || got.dtype !== same.dtype)
    return `${got.dtype}[${got.shape}] instead of ${same.dtype}[${same.shape}]`;
  const isFloat = got.dtype.startsWith("float");
  const bySize = new Map<number, number>();
  const bucket = (n: number): number => Math.floor(Math.log2(Math.abs(n) + TINY) / 2);
  if (isFloat)
    same.data.forEach((value, i) => {
      const want = Number(exact.data[i]);
      const error = Math.abs(Number(value) - want);
      if (Number.isFinite(error)) bySize.set(bucket(want), Math.max(bySize.get(bucket(want)) ?? 0, error));
    });
  for (let i = 0; i < got.data.length; i++) {
    const [a, b, want] = [got.data[i], same.data[i], exact.data[i]].map(Number) as [number, number, number];
    if (Object.is(a, b) || a === b) continue;
    const text = `entry ${i}: ${a}, jax-js ${b}, in float64 ${want}`;
    if (!isFloat || Number.isNaN(a) !== Number.isNaN(b)) return text;
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      const close = Math.min(Math.abs(a), Math.abs(b)) > HUGE && Math.sign(a) === Math.sign(b);
      if (close) continue;
      return text;
    }
    const moved = Math.max(...changed.map(({ data }) => Math.abs(Number(data[i]) - want)));
    const near = Math.max(...[-1, 0, 1].map((step) => bySize.get(bucket(want) + step) ?? 0));
    const allowed = slack * (moved + EPS * Math.abs(want)) + 16 * near + floor + TINY;
    if (!(Math.abs(a - want) <= allowed)) return `${text}; ${allowed} allowed`;
  }
  return undefined;
}
