import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./network.js";
import type { Profile } from "./profile.js";
import type { Sweep } from "./sweep.js";

export type Speed = Readonly<{ step: BenchResult; profile: Profile }>;

const percent = (part: number): string => (100 * part).toFixed(0);
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Writes `speed.md` to a folder: every network's step, its floor, and the distribution of the rest. */
export function writeSpeedPage(folder: string, speeds: readonly Speed[]): void {
  const steps = speeds.map(({ step }) =>
    row([
      `\`${step.network}\``,
      step.stepMs.toFixed(0),
      step.gMs.toFixed(1),
      step.stepPerG.toFixed(1),
      (step.fraction * step.stepPerG).toFixed(1),
      step.fraction.toFixed(2),
      step.peakRssMb.toFixed(0),
    ]),
  );
  const shares = speeds.map(({ profile: p }) => {
    const all = p.nodesMs + p.betweenMs + p.hostMs + p.programs.reduce((sum, { ms }) => sum + ms, 0);
    const kind = (name: string): string =>
      percent((p.kinds.find(({ what }) => what === name)?.ms ?? 0) / all);
    const program = (...names: string[]): string =>
      percent(
        p.programs.filter(({ what }) => names.includes(what)).reduce((sum, { ms }) => sum + ms, 0) / all,
      );
    return row([
      `\`${p.network}\``,
      ...["products", "elementwise", "moving numbers", "sums"].map(kind),
      percent(p.betweenMs / all),
      program("update"),
      program("descent", "retraction", "reorthogonalize"),
      percent(p.hostMs / all),
    ]);
  });
  const machine = speeds[0]?.step.machine ?? "";
  writeFileSync(
    join(folder, "speed.md"),
    `# Time of a training step

Made by \`npm run bench -- --write\` with the networks below (\`--all\`: all of them) on ${machine}. The unit g is the time of a 1024 × 1024 × 1024 float32
product in ONNX Runtime, measured between the steps. The floor is the time of the products and convolutions of a step at that
rate; \`fraction\` is the floor divided by the step.

| network | step in ms | g in ms | step in g | floor in g | fraction | peak MB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${steps.join("\n")}

## Where a step goes

In percent of a step, with ONNX Runtime's profiler on (\`npm run bench -- NAME --profile\` has it by primitive and by equation).
Small or narrow products run below the rate of g. Elementwise work, sums and moved numbers (transposes,
gathered windows, splits) are passes over memory, which the floor does not count. "Between" is the time that ONNX Runtime spends between
two nodes, a few microseconds each. The update is Adam over every number; the rotations (directions and retraction) are
products again. If the gradient is computed in two halves in parallel, the shares are those of the first half, and the host waits for
the second.

| network | products | elementwise | moving numbers | sums | between | update | rotations | host |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${shares.join("\n")}

## Scaling

[Step against batch, width, depth, side of the image and cores](scaling.md).
`,
  );
}

/** Writes `scaling.md`, the table of the picture. */
export function writeScalingPage(folder: string, machine: string, sweeps: readonly Sweep[]): void {
  const tables = sweeps.map(({ name, what, points }) =>
    [
      `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
      "",
      `${what[0]?.toUpperCase()}${what.slice(1)}.`,
      "",
      row(["", ...points.map(({ size }) => String(size))]),
      row(["---", ...points.map(() => "---:")]),
      row(["step in g", ...points.map(({ stepPerG }) => stepPerG.toFixed(2))]),
      row(["counted floor in g", ...points.map(({ floorPerG }) => floorPerG.toFixed(2))]),
      row(["step / floor", ...points.map((p) => (p.stepPerG / p.floorPerG).toFixed(1))]),
    ].join("\n"),
  );
  writeFileSync(
    join(folder, "scaling.md"),
    `# Scaling of a training step

Made by \`npm run bench -- --scaling\` on ${machine}; the numbers are in \`scaling.json\` next to this page. Every time is
that of a whole training step in g, the time of a 1024 × 1024 × 1024 float32 product in ONNX Runtime. All use the smallest g
of the run, because on a shared machine g changes from minute to minute. The floor is the time of the counted operations of products at that rate. Both axes of each picture are logarithmic: if the two lines
are parallel, the time is proportional to the counted operations.

![Step against size](scaling.svg)

In no sweep does the time grow faster than the counted operations.

- Batch: it grows more slowly, because rotations and Adam cost the
  same for one image as for a thousand.
- Width: wide layers are near the floor. Narrow ones spend their time on hundreds of nodes, a few microseconds each.
- Depth: proportional, several times the floor at this small width.
- Side: proportional to the pixels, four times for a doubled side, and far above the floor. Two convolutions with 2 × 2 windows have almost no
  products; the work is elementwise: splines and densities of every pixel, and passes over memory.

${tables.join("\n\n")}
`,
  );
}
