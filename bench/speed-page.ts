import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./network.js";
import type { Profile } from "./profile.js";
import type { Sweep } from "./scaling.js";

export type Speed = Readonly<{ step: BenchResult; profile: Profile }>;

const percent = (part: number): string => (100 * part).toFixed(0);
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Writes `speed.md` into a folder: every network's step beside its floor, and where the rest of it goes. */
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
    `# How fast a training step is

Made by \`npm run bench -- --write\` with the networks below (\`--all\`: all of them) on ${machine}. g is the 1024 × 1024 × 1024 float32
product in ONNX Runtime, measured between the steps. The floor is what the products and convolutions of a step take at that
rate; \`fraction\` is the floor as a part of the step.

| network | step in ms | g in ms | step in g | floor in g | fraction | peak MB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${steps.join("\n")}

## Where a step goes

In percent of a step, with ONNX Runtime's profiler on (\`npm run bench -- NAME --profile\` has it by primitive and by equation).
Products run at less than g's rate where they are small or narrow. Elementwise work, sums and moved numbers (transposes,
gathered windows, splits) are passes over memory, which the floor does not count. "Between" is what ONNX Runtime spends between
two nodes, a few microseconds each; the update is Adam over every number, the rotations (directions and retraction) are
products again. Where the gradient is computed in two halves side by side, the shares are those of the first half, and the host waits for
the second.

| network | products | elementwise | moving numbers | sums | between | update | rotations | host |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${shares.join("\n")}

## Against size

[Step against batch, width, depth, side of the image and cores](scaling.md).
`,
  );
}

/** Writes `scaling.md`, the table behind the picture. */
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
    `# Step against size

Made by \`npm run bench -- --scaling\` on ${machine}; its numbers lie in \`scaling.json\` beside this page. Every time is
that of a whole training step in g, the 1024 × 1024 × 1024 float32 product in ONNX Runtime. One g for
all: the smallest of the run, since on a shared machine it differs from minute to minute. The floor is what the counted operations of products take at that rate. Both axes of each picture are logarithmic: where the two lines
run side by side, cost grows as the counted operations do.

![Step against size](scaling.svg)

Over no sweep does the time grow faster than the counted operations. Batch: it grows more slowly, since rotations and Adam cost the
same for one image as for a thousand. Width: wide layers come near the floor; in narrow ones the hundreds of nodes, a few
microseconds each, are all there is. Depth: proportional, several times the floor at this small width. Side: as the pixels, four
times for a doubled side, and far above the floor, because two convolutions with 2 × 2 windows have next to no products: what they
do is elementwise, splines and densities of every pixel, and passes over memory.

${tables.join("\n\n")}
`,
  );
}
