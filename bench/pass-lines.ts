import { readFileSync } from "node:fs";

const lower = new URL("../packages/jax-to-onnx/src/", import.meta.url);

/** The files of a pass, or a function in one. A pass without an entry is the file with its name. */
const sources: Readonly<Record<string, readonly string[]>> = {
  "pointwise-convolutions": ["passes/convolutions/pointwise.ts"],
  "gathered-windows": ["gathered-windows", "taps", "minimal-filtering", "winograd", "axis-taps"].map(
    (name) => `passes/convolutions/${name}.ts`,
  ),
  "narrow-axes": ["rules/movement.ts#narrowInFront", "wanted.ts#narrowFirst"],
  "stacked-products": ["rules/matrix-product.ts#peel", "rules/matrix-product.ts#groupFront"],
  "sums-in-front": ["rules/reductions.ts#sumInFront"],
  squares: [],
  "sums-by-product": ["passes/row-reductions.ts#sumByProduct"],
  "row-extremes": ["passes/row-reductions.ts#extremeOfRows"],
  "joined-transposes": ["passes/joined-transposes.ts"],
  "split-transposes": ["passes/split-transposes.ts", "passes/transpose-steps.ts"],
};

/** Lines of code of a pass, with comments; 0 for a condition inside a rule. */
export function linesOf(pass: string): number {
  return (sources[pass] ?? [`passes/${pass}.ts`]).reduce((sum, place) => {
    const [file, name] = place.split("#") as [string, string?];
    const lines = readFileSync(new URL(file, lower), "utf8").trimEnd().split("\n");
    if (name === undefined) return sum + lines.length;
    const start = lines.findIndex((line) => line.startsWith(`function ${name}(`));
    const length = lines.slice(start).indexOf("}") + 1;
    if (start < 0 || length === 0) throw new Error(`${file} has no function ${name}`);
    return sum + length;
  }, 0);
}
