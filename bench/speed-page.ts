import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./network.js";
import { table } from "./passes-page.js";
import type { Profile } from "./profile.js";

export type Speed = Readonly<{ step: BenchResult; profile: Profile }>;

const KINDS = ["products", "elementwise", "moving numbers", "sums"];
const percent = (part: number): string => (100 * part).toFixed(0);

/** Writes `speed.md` to a folder: every network's step, its floor, and the distribution of the rest. */
export function writeSpeedPage(folder: string, speeds: readonly Speed[]): void {
  const steps = speeds.map(({ step }) => [
    `\`${step.network}\``,
    step.stepMs.toFixed(0),
    step.gMs.toFixed(1),
    step.stepPerG.toFixed(1),
    (step.fraction * step.stepPerG).toFixed(1),
    step.fraction.toFixed(2),
    step.peakRssMb.toFixed(0),
  ]);
  const shares = speeds.map(({ profile: p }) => {
    const all = p.nodesMs + p.betweenMs + p.hostMs + p.programs.reduce((sum, { ms }) => sum + ms, 0);
    const kind = (name: string): string =>
      percent((p.kinds.find(({ what }) => what === name)?.ms ?? 0) / all);
    const program = (...names: string[]): string =>
      percent(
        p.programs.filter(({ what }) => names.includes(what)).reduce((sum, { ms }) => sum + ms, 0) / all,
      );
    return [
      `\`${p.network}\``,
      ...KINDS.map(kind),
      percent(p.betweenMs / all),
      program("update"),
      program("descent", "retraction", "reorthogonalize"),
      percent(p.hostMs / all),
    ];
  });
  const machine = speeds[0]?.step.machine ?? "";
  writeFileSync(
    join(folder, "speed.md"),
    `# Time of a training step

Made by \`npm run bench -- --write\` with the networks below (\`--all\`: all of them) on ${machine}. The unit g is the time of a 1024 × 1024 × 1024 float32
product in ONNX Runtime, measured between the steps. The floor is the time of the products and convolutions of a step at that
rate; \`fraction\` is the floor divided by the step.

${table(["network", "step in ms", "g in ms", "step in g", "floor in g", "fraction", "peak MB"], steps)}

## Where a step goes

In percent of a step, with ONNX Runtime's profiler on (\`npm run bench -- NAME --profile\` has it by primitive and by equation).
Small or narrow products run below the rate of g. Elementwise work, sums and moved numbers (transposes,
gathered windows, splits) are passes over memory, which the floor does not count. "Between" is the time that ONNX Runtime spends between
two nodes, a few microseconds each. The update is Adam over every number; the rotations (directions and retraction) are
products again. If the gradient is computed in two halves in parallel, the shares are those of the first half, and the host waits for
the second.

${table(["network", ...KINDS, "between", "update", "rotations", "host"], shares)}
`,
  );
}
