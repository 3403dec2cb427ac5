/**
 * jax-js 0.1.25 hashes what it compiles letter by letter in products of big integers, which is a third of the time of
 * an eager operation. Here a letter takes four multiplications of 32 bits (the mixing of MurmurHash3) instead; what is
 * hashed stays as it is. And an expression that was simplified once is known from then on: a sixth of the laws' time.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jit, makeJaxpr, numpy as np } from "@jax-js/jax";

type Hasher = { value: unknown; low?: number; high?: number; update(x: unknown): Hasher };
type Hashable = { hash: (this: Hashable, state: Hasher) => void };

const [LOW, HIGH] = [0x85ebca6b, 0xc2b2ae35];
const number = new DataView(new ArrayBuffer(8));

function mix(state: Hasher, x: number): void {
  const low = Math.imul((state.low ?? 1) ^ x, LOW);
  const high = Math.imul((state.high ?? 2) ^ x, HIGH);
  state.low = Math.imul(low ^ (low >>> 15) ^ high, HIGH);
  state.high = Math.imul(high ^ (high >>> 13) ^ low, LOW);
}

function mixed(this: Hasher, x: unknown): Hasher {
  if (typeof x === "object" && x !== null) {
    (x as Hashable).hash(this);
    return this;
  }
  mix(this, (typeof x).charCodeAt(0));
  if (typeof x === "number") {
    number.setFloat64(0, x);
    mix(this, number.getInt32(0));
    mix(this, number.getInt32(4));
  } else {
    const text = String(x);
    mix(this, text.length);
    for (let i = 0; i < text.length; i++) mix(this, text.charCodeAt(i));
  }
  // 53 bits, so that the value is a number
  this.value = ((this.high ?? 0) >>> 11) * 2 ** 32 + ((this.low ?? 0) >>> 0);
  return this;
}

/** The hasher of jax-js, which is not exported: what a program is given when it is compiled. */
function hasherOf(): Hasher {
  const { jaxpr } = makeJaxpr((x: np.Array) => x.mul(2))(np.zeros([1]));
  const programs = Object.getPrototypeOf((jaxpr as unknown as { jaxpr?: object }).jaxpr ?? jaxpr) as Hashable;
  const { hash } = programs;
  let found: Hasher | undefined;
  programs.hash = function (state) {
    found = state;
    hash.call(this, state);
  };
  jit((x: np.Array) => x.add(1))(np.zeros([1])).dispose();
  programs.hash = hash;
  if (!found) throw new Error("jax-js hashes its programs in another way: mend test/vitest/fast-hash.ts");
  return Object.getPrototypeOf(found) as Hasher;
}

type Expression = { simplify: (this: Expression, known?: Map<number, Expression>) => Expression };

/** The expressions of jax-js's kernels, which are not exported either. */
export async function expressionsOf(): Promise<Expression> {
  const directory = new URL(".", import.meta.resolve("@jax-js/jax"));
  const file = readdirSync(fileURLToPath(directory)).find((name) => /^backend-.*\.js$/.test(name)) ?? "";
  const inside = (await import(new URL(file, directory).href)) as Record<string, unknown>;
  const found = Object.values(inside).find((value) => typeof value === "function" && value.name === "AluExp");
  if (!found) throw new Error("jax-js names its expressions in another way: mend test/vitest/fast-hash.ts");
  return (found as { prototype: Expression }).prototype;
}

/** Test files that share a process run this file once each: to replace what was replaced makes each one slower than the one before. */
const shared = globalThis as { hashesFast?: boolean };
if (!shared.hashesFast) {
  shared.hashesFast = true;
  hasherOf().update = mixed;
  const expressions = await expressionsOf();
  const { simplify } = expressions;
  const simplified = new Map<number, Expression>();
  expressions.simplify = function (known = simplified) {
    if (simplified.size > 20_000) simplified.clear();
    return simplify.call(this, known);
  };
}
