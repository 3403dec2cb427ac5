import { describe, expect, it } from "vitest";
import { importRules } from "../../src/import/convert.js";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { type FileOptions, file, model } from "./files.js";
import { expectSameFunction } from "./judge.js";
import { dense } from "./rules/dense.js";
import { elementwise } from "./rules/elementwise.js";
import type { Cases } from "./rules/forms.js";
import { gates } from "./rules/gates.js";
import { norms } from "./rules/norms.js";
import { rearranging } from "./rules/rearranging.js";
import { recurrent } from "./rules/recurrent.js";
import { reducing } from "./rules/reducing.js";
import { resizing } from "./rules/resizing.js";
import { selecting } from "./rules/selecting.js";
import { windows } from "./rules/windows.js";

/** Every operator that has a rule, in the forms that exporters write it in, a file for each idea. */
const cases: Cases = {
  ...dense,
  ...elementwise,
  ...gates,
  ...norms,
  ...rearranging,
  ...recurrent,
  ...reducing,
  ...resizing,
  ...selecting,
  ...windows,
};

describe("every operator computes what ONNX Runtime does", () => {
  // ImageScaler left ONNX before ONNX Runtime came: its numbers are tested in convert.test.ts
  it("all of them are here", () => {
    expect(Object.keys(cases).sort()).toEqual(
      Object.keys(importRules)
        .filter((op) => op !== "ImageScaler")
        .sort(),
    );
  });

  /** A dense layer behind, so that nodes that change nothing leave a network. */
  const behindIt = ({ nodes, constants = {}, ...rest }: FileOptions, softmax: boolean): FileOptions =>
    softmax
      ? {
          ...rest,
          nodes: [
            ["Neg", ["x"], ["n"]],
            ...nodes.map(
              ([op, ins, ...more]) => [op, ins.map((i) => (i === "x" ? "n" : i)), ...more] as const,
            ),
          ],
          constants,
        }
      : { ...rest, nodes: [...nodes, ["LeakyRelu", ["y"], ["z"]]], constants, outputs: ["z"] };

  it.each(
    Object.entries(cases).flatMap(([op, files]) =>
      files.map((each, i) => [`${op} ${i + 1}`, op, each] as const),
    ),
  )("%s", async (_, op, each) => {
    await expectSameFunction(model(behindIt(each, op.endsWith("Softmax"))));
  });
});

it("reads squares of squares, a product of 2⁴⁰ factors", () => {
  const nodes = Array.from({ length: 40 }, (_, i) => {
    const x = i === 0 ? "x" : `y${i}`;
    return ["Mul", [x, x], [i === 39 ? "y" : `y${i + 1}`]] as const;
  });
  expect(convertOnnx(readOnnx(file({ nodes }))).network.layers).toHaveLength(40);
});
