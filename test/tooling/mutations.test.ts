import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { mutationSets } from "../../scripts/all-mutations.js";

const root = resolve(import.meta.dirname, "../..");

it.each(mutationSets)("every mutation of $name finds its place once", ({ folder, mutations }) => {
  const lost = mutations.filter(
    ({ file, from }) => readFileSync(join(root, folder, file), "utf8").split(from).length !== 2,
  );
  expect(lost.map(({ file, from }) => `${file}: ${from}`)).toEqual([]);
});

it("the lowering has at least 60", () => {
  const lowering = mutationSets.find(({ name }) => name === "jax-to-onnx");
  expect(lowering?.mutations.length).toBeGreaterThanOrEqual(60);
});
