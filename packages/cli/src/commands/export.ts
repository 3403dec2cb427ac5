import { join } from "node:path";
import { DeviceError, type Executor, MismatchError } from "@flowify/core";
import {
  type Comparison,
  compareExport,
  exportFlow,
  loadRuntime,
  openFile,
  type Runtime,
  type WrittenProgram,
} from "@flowify/onnx";
import { describeExport, fileOf } from "@flowify/onnx/browser";
import { OPSET } from "jax-to-onnx/internal";
import { DESCRIPTION } from "../export-onnx.js";
import { jsonText } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { choice, expectNone, type FlagsOf, required, value, yes } from "../flags/flag.js";
import { probability } from "../flags/parsers.js";
import { commonFlags, forceFlag, runFolder } from "../flags/shared.js";
import { exportRegression, DESCRIPTION as REGRESSION } from "../regression/export-regression.js";
import { holdsRegression, writeFiles } from "../runs/folder.js";
import { withModel } from "../runs/open-run.js";
import { expectFree, filesIn, inputsOfRun } from "../runs/outputs.js";
import { ledgerVerdict } from "../scores/ledger-distance.js";
import { formatCount, table } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { DESCRIPTION as DETECTOR, exportDetector, targets } from "./export-detector.js";

const flags = {
  out: required("FOLDER", "Folder for the files"),
  detector: yes("Write the detector of a table instead: columns in, score, p and flag out"),
  falseAlarms: value(
    probability,
    "P",
    "Flag images, or with --detector rows, with a p-value of at most P (for rows, default: 0.01)",
  ),
  target: choice(
    ["portable", "ort-cpu"],
    "Graphs that are easy to read, or fast in ONNX Runtime on processors (default: portable)",
  ),
  force: forceFlag,
  ...commonFlags,
};

type ExportFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  flags,
  help: `Writes log-prob.onnx, encode.onnx, decode.onnx and sample.onnx for batches of any size. Noise is an
input of these graphs; the files that end in -drawing.onnx draw it themselves. flowify.json describes
every input and output. Images go in as bytes (0 to 255).

By default a convolution is a Conv, arrays keep their order of axes, and names of nodes begin with the
layer (conv2d[3]/). With --target ort-cpu the graphs are rewritten for speed, as in training.

--false-alarms P adds distance, p_value and flag of each image to log-prob.onnx: those of flowify score --false-alarms.

--detector writes the detector of a run of a table, detector.onnx, and a description of its inputs in
detector.json. Numbers and texts go in as they are in the table, a tensor a column; preprocessing is
inside. It returns score, p and flag of each row. ONNX Runtime computes them without flowify.

A run of flowify train --predict is written as log-prob.onnx and sample.onnx, with regression.json. Columns go in as
they are in the table, and log p or a value of each column that is predicted comes out.

Before the command ends, each file runs in ONNX Runtime and is compared with the flow.

EXAMPLES
  flowify export runs/a --out exported
  flowify export runs/a --out exported --target ort-cpu
  flowify export runs/a --out exported --false-alarms 0.01
  flowify export runs/payments --detector --out deployed
  flowify export runs/a --out exported --json | jq .programs`,
  run: exportRun,
});

/**
 * Batch sizes to check: one example, where axes of the batch may vanish, and several. The export itself verifies that
 * all sizes behave alike.
 */
const BATCHES = [1, 30];

async function exportRun({ terminal }: Running, flags: ExportFlags, folder: string): Promise<void> {
  const { out } = flags;
  expectFree(placesIn(out), flags, { inputs: inputsOfRun(folder) });
  if (holdsRegression(folder)) {
    expectNone(flags, ["detector"], "is for runs of whole images or rows, this one predicts\nleave it out");
    const { target, ...common } = flags;
    return exportRegression(folder, { ...common, ...(target && { target: targets[target] }) }, terminal);
  }
  if (flags.detector === true) return exportDetector(flags, folder, terminal);
  await withModel(folder, flags, terminal, async (model, run) => {
    const { config, step } = run;
    if (config.data.reading?.schema)
      expectNone(flags, ["falseAlarms"], "is for --detector\nleave it out, or add --detector");
    const target = targets[flags.target ?? "portable"];
    const { falseAlarms } = flags;
    const programs = exportFlow(model.flow, model.params, {
      target,
      ...(falseAlarms !== undefined && {
        ofLedger: await ledgerVerdict(model, run, falseAlarms, terminal),
      }),
    });
    const runtime = await runtimeOrNone(terminal);
    const progress = createProgress(terminal, { label: "file", total: programs.length });
    const origin = { network: config.network, step };
    const written: WrittenProgram[] = [];
    const description = await writeFiles(out, async (write) => {
      for (const program of programs) {
        const made = fileOf(program, origin);
        await write(made.file, made.content);
        const comparison = runtime && (await comparisonOf(runtime, model.executor, made));
        written.push({ ...made, comparison });
        progress.update(written.length, made.file);
      }
      progress.finish();
      const described = describeExport(model.flow, written, origin);
      await write(DESCRIPTION, jsonText(described));
      return described;
    });
    say(terminal, out, written);
    terminal.document({ ...description, folder: out });
    expectAgreement(written, out);
  });
}

/** Every output of a file in ONNX Runtime beside that of the flow; undefined for a file that draws its own noise. */
async function comparisonOf(
  runtime: Runtime,
  executor: Executor,
  { program, content }: WrittenProgram,
): Promise<Comparison | undefined> {
  if (program.name.endsWith("-drawing")) return undefined;
  const file = await openFile(runtime, content);
  try {
    return await compareExport(file, executor, program, BATCHES);
  } finally {
    await file.dispose();
  }
}

/** @throws MismatchError for the first file with an output that differs from the flow */
function expectAgreement(written: readonly WrittenProgram[], out: string): void {
  for (const { file, comparison } of written) {
    const wrong = comparison?.wrong;
    if (wrong)
      throw new MismatchError(
        `${join(out, file)}: ONNX Runtime and the flow compute different ${wrong.output} for a batch of ${wrong.batch}: ${farOff(wrong)}\nthe files are written: do not use this one`,
      );
  }
}

const farOff = ({ largest, differing }: NonNullable<Comparison["wrong"]>): string =>
  largest === Number.POSITIVE_INFINITY
    ? "one of the two is not finite"
    : `they differ by up to ${largest.toExponential(1)} of the largest entry, in ${(100 * differing).toPrecision(2)} % of the entries`;

/** What an export may write: its documents, and in place of those that are there the ONNX files. */
const placesIn = (out: string): string[] => [
  ...[DESCRIPTION, DETECTOR, REGRESSION].map((name) => join(out, name)),
  ...filesIn(out).filter((file) => file.endsWith(".onnx")),
];

async function runtimeOrNone({ warn }: Terminal) {
  try {
    return await loadRuntime();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    warn(
      "ONNX Runtime is not installed: the files are written without a comparison\nnpm install onnxruntime-node",
    );
    return undefined;
  }
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

function say({ say: line, colors }: Terminal, out: string, written: readonly WrittenProgram[]): void {
  const rows = written.map(({ program, file, content, comparison }) => [
    file,
    `${(content.length / 2 ** 20).toFixed(1)} MiB`,
    formatCount(program.graph.nodes.length),
    unique(program.inputs.map(({ name, role }) => (role === "noise" ? role : name))).join(", "),
    program.outputs.map(({ name }) => name).join(", "),
    comparison?.outputs[0]?.largest.toExponential(0) ?? "",
  ]);
  line(`${colors.bold(String(written.length))} files in ${out}, ONNX opset ${OPSET}, batches of any size`);
  line();
  for (const row of table(
    [["file", "size", "nodes", "inputs", "outputs", "difference"], ...rows],
    [false, true, true, false, false, true],
  ))
    line(row);
}
