import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The programs of ten lines, which run as `.mjs` and compile as strict TypeScript. */
const programs: { readonly [name: string]: string } = {
  detector: `import { couplingFlow, fit } from "flowify";
const rows = Array.from({ length: 2000 }, () => { const x = Math.random(); return [x, x * x + 0.05 * Math.random(), -x, 1 - x, x]; });
const model = await fit(couplingFlow(5), rows, { steps: 300, seed: 7, validation: 0.1 });
console.log(await model.logProb([[0.5, 0.27, -0.5, 0.5, 0.5], [0.5, 0.9, -0.5, 0.5, 0.5]]));
await model.save("detector"); await model.dispose();
`,
  classifier: `import { fit, flowify, loadOnnx } from "flowify";
const images = Array.from({ length: 64 }, () => Array.from({ length: 784 }, () => Math.random()));
const network = await loadOnnx("classifier.onnx");
const model = await fit(flowify(network, { frozen: true }), images, { epochs: 1 });
const scores = await model.logProb(images.slice(0, 10));
console.log(scores); await model.dispose();
`,
};

export const tenLines: readonly string[] = Object.keys(programs);

/** Writes `.mjs` into the home of the installed packages, beside the file that one of them reads, and `.ts` into a folder there. */
export function writeTenLines(home: string, folder: string): void {
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(home, `${name}.mjs`), text);
    writeFileSync(join(folder, `${name}.ts`), text);
  }
  copyFileSync("apps/playground/public/classifier.onnx", join(home, "classifier.onnx"));
}

/** Throws where the likely row of the detector is not 5 nats above the unlikely one, or a score is not finite. */
export function expectScores(name: string, output: string): void {
  const scores = [...(output.split("[")[1] ?? "").matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/g)].map(([text]) =>
    Number(text),
  );
  const count = name === "detector" ? 2 : 10;
  if (scores.length !== count || !scores.every(Number.isFinite))
    throw new Error(`${name}.mjs: expected ${count} finite scores, got ${output}`);
  const [likely = 0, unlikely = 0] = scores;
  if (name === "detector" && !(likely > unlikely + 5))
    throw new Error(
      `${name}.mjs: expected the first row 5 nats above the second, got ${likely} and ${unlikely}`,
    );
}
