/** What the comparison of an exported file with its flow lets pass, and what not. */

import { FlowModel, flow, type HostArray, jaxExecutor } from "@flowify/core";
import { linear } from "@flowify/core/layers";
import { expect, it } from "vitest";
import { differenceOf } from "../src/difference.js";
import type { ExportedProgram } from "../src/export/exported.js";
import { compareExport, exportFlow, loadRuntime, openFile, toBytes } from "../src/index.js";

it.each([
  ["equal numbers", [1, -2], [1, -2], 0],
  ["rounding", [1, -2], [1, -2.0002], 1e-4],
  ["NaN where a number is wanted", [1, 2], [1, Number.NaN], Number.POSITIVE_INFINITY],
  ["a number where NaN is wanted", [1, Number.NaN], [1, 2], Number.POSITIVE_INFINITY],
  ["NaN at the same place", [1, Number.NaN], [1, Number.NaN], 0],
  ["NaN at another place", [Number.NaN, 1], [1, Number.NaN], Number.POSITIVE_INFINITY],
  ["Infinity at the same place", [1, Number.POSITIVE_INFINITY], [2, Number.POSITIVE_INFINITY], 1],
  [
    "Infinity of the other sign",
    [1, Number.NEGATIVE_INFINITY],
    [1, Number.POSITIVE_INFINITY],
    Number.POSITIVE_INFINITY,
  ],
  ["a number too few", [1, 2], [1], Number.POSITIVE_INFINITY],
  ["a number too many", [1], [1, 1], Number.POSITIVE_INFINITY],
])("the difference of %s", (_, wanted, found, largest) => {
  expect(differenceOf(wanted, found).largest).toBeCloseTo(largest, 6);
});

it("of an export takes in every result, and no NaN", async () => {
  const made = flow([linear(3, 2)]);
  const executor = jaxExecutor();
  const model = await FlowModel.create(made, executor);
  const [program] = exportFlow(made, model.params) as [ExportedProgram];
  const file = await openFile(await loadRuntime(), toBytes(program.graph));
  /** The disagreement where one entry of a result is another one. */
  const whenChanged = async (output: string, change: (value: number) => number) => {
    const changed = {
      ...file,
      run: async (inputs: { readonly [name: string]: HostArray }) => {
        const results = await file.run(inputs);
        const data = results[output]!.slice();
        data[data.length - 1] = change(data.at(-1)!);
        return { ...results, [output]: data };
      },
    };
    return (await compareExport(changed, executor, program, [1, 3])).wrong;
  };
  expect(await whenChanged("ledger", (value) => value)).toBeUndefined();
  expect(await whenChanged("ledger", (value) => value + 1)).toMatchObject({
    output: "ledger",
    largest: expect.any(Number),
  });
  expect(await whenChanged("log_prob", () => Number.NaN)).toMatchObject({
    output: "log_prob",
    largest: Number.POSITIVE_INFINITY,
  });
  expect(await whenChanged("ledger", () => Number.NaN)).toMatchObject({
    output: "ledger",
    largest: Number.POSITIVE_INFINITY,
  });
  await file.dispose();
  await model.dispose();
});
