import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { mutations } from "../../scripts/mutations.js";
import { imageMutations } from "../../scripts/mutations-images.js";
import { networkMutations } from "../../scripts/mutations-networks.js";

const sources = resolve(import.meta.dirname, "../../packages/core/src");

it("every mutation finds its place in the layers once", () => {
  const lost = [...mutations, ...imageMutations, ...networkMutations].filter(
    ({ file, from }) => readFileSync(join(sources, file), "utf8").split(from).length !== 2,
  );
  expect(lost.map(({ file, from }) => `${file}: ${from}`)).toEqual([]);
});
