/** The hyperbolic tangent, which jax-js writes out. */
import { DType, grad, makeJaxpr, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { lower } from "../src/lower.js";
import { expectSame, type Fn, host, spread } from "./compare.js";

/** Operators of the lowered program. */
function opsOf(f: Fn): string[] {
  const x = np.zeros([2, 3]);
  const { jaxpr } = makeJaxpr(f as (x: np.Array) => np.Array)(x);
  const ops = lower(jaxpr).nodes.map(({ op }) => op);
  jaxpr.dispose();
  x.dispose();
  return ops;
}

describe("tanh", () => {
  it("is one operator where nothing reads what is between", () => {
    expect(opsOf((x) => np.tanh(x))).toEqual(["Tanh"]);
    const ops = opsOf((x) => np.tanh(np.tanh(x.ref.div(3)).add(x)));
    expect(ops.filter((op) => op === "Tanh")).toHaveLength(2);
    expect(ops).not.toContain("Exp");
  });

  it("stays written out where a gradient reads what is between, or the program returns it", () => {
    const gradient: Fn = (x) => grad((y: np.Array) => np.sum(np.tanh(y)))(x);
    expect(opsOf(gradient)).not.toContain("Tanh");
    const sign: Fn = (x) => {
      const s = np.where(np.less(x.ref, 0), 1, -1);
      const e = np.exp(x.mul(s.ref).mul(2));
      return [e.ref.sub(1).div(e.ref.add(1)).mul(s), e];
    };
    expect(opsOf(sign)).toContain("Exp");
    expect(opsOf(sign)).not.toContain("Tanh");
  });

  it("is not what only looks like it", () => {
    const like =
      (low: number, first: number, factor: number, of = (x: np.Array) => x): Fn =>
      (x) => {
        const s = np.where(np.less(x.ref, low), first, -1);
        const e = np.exp(of(x).mul(s.ref).mul(factor));
        return e.ref.sub(1).div(e.add(1)).mul(s);
      };
    expect(opsOf(like(0, 1, 2))).toEqual(["Tanh"]);
    for (const f of [like(0.5, 1, 2), like(0, 2, 2), like(0, 1, 3), like(0, 1, 2, np.sin)])
      expect(opsOf(f)).toContain("Exp");
  });

  it("has the numbers of jax-js, and the digits of small ones", async () => {
    const special = host([0, 1e-6, -1e-4, 20, -20, 1e30], [6], DType.Float32);
    for (const args of [spread([5, 7], DType.Float32), special, spread([5, 7], DType.Float64)])
      await expectSame((x) => np.tanh(x.mul(4)), [args]);
  });
});
