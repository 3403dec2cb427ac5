/** Has jax-js hash fast in this process: replace-hashes.ts. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jit, makeJaxpr, numpy as np } from "@jax-js/jax";
import { type Expression, type Hashable, type Hasher, replaceHashes } from "./replace-hashes.js";

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
  replaceHashes(hasherOf(), await expressionsOf());
}
