/**
 * Frozen numbers of the paper's own implementation (float64), one file a layer in `fixtures`: the
 * small ones. The reducing linear layer's alone has 17,000 weights; `npm run parity` reads that and
 * the other large ones from outside.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CaseError, type ParityCase, parseCase, readCase, Tensor } from "../../../../test/parity/case.js";
import { checkCase, LIMITS } from "../../../../test/parity/check.js";

const folder = new URL("./fixtures/", import.meta.url);
const read = (name: string): ParityCase => readCase(new URL(name, folder).pathname);

describe("parity with the paper's implementation", () => {
  it.each(readdirSync(folder))("%s", async (name) => {
    const { worst, ok } = await checkCase(read(name));
    expect(worst.float64).toBeLessThanOrEqual(LIMITS.float64);
    expect(worst.float32).toBeLessThanOrEqual(LIMITS.float32);
    expect(ok).toBe(true);
  });

  it("a flow: its parts, its base and the units of a dequantized input", async () => {
    expect(await checkCase(dequantizedFlow(read("linear-4-7.json")))).toMatchObject({ ok: true });
  });
});

/** dequantize, linear 4 → 7, leakyRelu, in terms of the linear layer's frozen numbers. */
function dequantizedFlow(one: ParityCase): ParityCase {
  const [levels, slope, batch] = [256, 0.3, one.x.shape[0] as number];
  const u = one.x.data.map((_, i) => (i % 5) / 5);
  const { z, logL } = one.forward.results as { z: Tensor; logL: Tensor };
  const rows = Array.from({ length: batch }, (_, i) => z.data.slice(7 * i, 7 * i + 7));
  const out = z.data.map((v) => (v < 0 ? slope * v : v));
  const perRow = (f: (row: readonly number[], i: number) => number) => new Tensor([batch], rows.map(f));
  const parts = {
    dequantize: perRow(() => -4 * Math.log(levels)),
    linear: logL,
    leakyRelu: perRow((row) => row.filter((v) => v < 0).length * Math.log(slope)),
    base: perRow((_row, i) =>
      out.slice(7 * i, 7 * i + 7).reduce((sum, v) => sum - 0.5 * (v * v + Math.log(2 * Math.PI)), 0),
    ),
  };
  const total = (names: (keyof typeof parts)[]) =>
    perRow((_row, i) => names.reduce((sum, name) => sum + (parts[name].data[i] as number), 0));
  const rename = (tensors: ParityCase["params"], prefix: string) =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]));
  return {
    name: "dequantized flow",
    layer: {
      type: "flow",
      layers: [{ type: "dequantize", levels }, one.layer, { type: "leakyRelu", slope }],
    },
    params: rename(one.params, "1."),
    matrices: {},
    x: new Tensor(
      one.x.shape,
      one.x.data.map((v, i) => v - (u[i] as number) / levels),
    ),
    forward: {
      noise: { "0.dequantize": new Tensor(one.x.shape, u), ...rename(one.forward.noise, "1.") },
      results: {
        z: new Tensor(z.shape, out),
        logL: total(["dequantize", "linear", "leakyRelu"]),
        logProb: total(["dequantize", "linear", "leakyRelu", "base"]),
      },
      parts,
    },
    forwardMean: {},
    inverse: [],
  };
}

describe("a case that does not fit", () => {
  /** The 5 → 5 case with one field, given by its path, set to a value or (undefined) taken out. */
  const altered = (path: string, value: unknown): ParityCase => {
    const json: unknown = JSON.parse(readFileSync(new URL("linear-5-5.json", folder), "utf8"));
    const fields = path.split("/");
    const last = fields.pop() as string;
    const at = fields.reduce((node, field) => (node as { [name: string]: unknown })[field], json) as {
      [name: string]: unknown;
    };
    if (value === undefined) delete at[last];
    else at[last] = value;
    return parseCase(json, "altered");
  };

  it.each([
    ["forward/logL/data/1", "float64 logL"],
    ["forward/z/data/14", "float64 z"],
    ["inverse/0/x/data/3", "float64 inverse[0].x"],
    ["matrices/U2/data/0", "float64 matrices.U2"],
  ])("names the number that is off: %s", async (path, where) => {
    expect(await checkCase(altered(path, 9))).toMatchObject({ ok: false, where });
  });

  it("says what is wrong with the file", () => {
    expect(() => parseCase([], "list")).toThrow("the file is not an object");
    expect(() => altered("x/data", [1, 2])).toThrow("x is [3, 5], so 15 numbers, but has 2");
    expect(() => altered("x/data/0", "one")).toThrow("x has no numbers");
    expect(() => altered("forward/z", undefined)).toThrow("forward has no z");
    expect(() => readCase("no-such-file.json")).toThrow(CaseError);
  });

  const inner = { type: "flow", layers: [{ type: "attention" }], base: "standardNormal" };
  it.each([
    ["params/b", undefined, '"b" is missing'],
    ["params/q", { shape: [1], data: [0] }, '"q" belongs to nothing'],
    ["layer/in", 4, "the parameters are [5, 5]"],
    ["layer/in", -1, "must be a positive integer"],
    ["layer/type", "toString", 'unknown layer type "toString"'],
    ["layer", inner, 'unknown layer type "attention"'],
    ["layer", { ...inner, base: "uniform" }, 'there is no base "uniform"'],
  ])("counts as failed: %s = %j", async (path, value, message) => {
    await expect(checkCase(altered(path, value))).rejects.toThrow(message);
  });
});
