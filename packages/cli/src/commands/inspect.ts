import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Flow, UsageError } from "@flowify/core";
import { parameterList, sizeOf } from "@flowify/core/layer";
import { sum } from "d3-array";
import { dataSetBriefs, loadExamples } from "../data/registry.js";
import { isFolder } from "../files/place.js";
import { defineCommand, type Running } from "../flags/define.js";
import { choice, type FlagsOf, text } from "../flags/flag.js";
import { nonEmpty } from "../flags/parsers.js";
import { commonFlags, imagesFlags, readingOf, readingParameters } from "../flags/shared.js";
import { AUTO, isBuilt, takesTables } from "../networks/auto.js";
import { flowOf, networkFor, networkNamed, networkNames } from "../networks/choose.js";
import { presetBriefs } from "../networks/presets.js";
import { type ChosenNetwork, NETWORK } from "../networks/weights.js";
import { lastOf, valueAt } from "../places.js";
import { recipeNames } from "../recipes.js";
import { fromWhat } from "../regression/columns.js";
import { readRegression } from "../regression/regression-file.js";
import { targetsOf } from "../regression/table-regression.js";
import { holdsRegression, holdsRun } from "../runs/folder.js";
import { likelihoodWords } from "../runs/likelihood-summary.js";
import { readRun } from "../runs/open-run.js";
import { countOf, formatCount, table } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

const flags = {
  data: text("NAME", "With auto or vector/…: the data to build the network for"),
  dataDir: imagesFlags.dataDir,
  ...readingParameters,
  density: choice(
    ["gaussian", "mixture"],
    "Density of dropped coordinates (default: mixture; a run keeps its own)",
  ),
  json: commonFlags.json,
};

type InspectFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  positional: {
    kind: "tuple",
    parameters: [
      {
        parse: nonEmpty,
        optional: true,
        placeholder: "NETWORK|DIR",
        brief: "A network's name, a file net.json, or the folder of a run or a converted network",
      },
    ],
  },
  flags,
  help: `Without an argument, lists the built-in networks. With one, shows its layers: shapes,
parameters, and whether the likelihood of each is exact, a bound, or loses mass. A layer loses mass if its
outputs cover only a part of the space of the next density.

auto, vector/coupling, vector/spline and vector/dense are built for your data: name them by --data.
--json then includes the network as JSON, a starting point for your own.

EXAMPLES
  flowify inspect
  flowify inspect mnist/fmlp
  flowify inspect mnist/fconv2 --density gaussian
  flowify inspect ./net.json
  flowify inspect auto --data ~/photographs --size 64x64
  flowify inspect vector/spline --data sensors.npy
  flowify inspect runs/a --json`,
  run: inspect,
});

async function inspect({ terminal }: Running, flags: InspectFlags, target?: string): Promise<void> {
  if (target === undefined) {
    listNetworks(terminal);
  } else if (holdsRegression(target)) {
    describeRegression(terminal, target);
  } else if (isRunFolder(target)) {
    const { network, flow, step } = await readRun(target, terminal);
    describe(terminal, flow, network, { step, run: target });
  } else {
    const network = await networkToShow(target, flags);
    describe(terminal, flowOf(network, { density: flags.density ?? "mixture" }), network, {});
  }
}

/** A folder of flowify convert has no run yet: its network is shown as it is. */
const isRunFolder = (target: string): boolean =>
  isFolder(target) && (holdsRun(target) || !existsSync(join(target, NETWORK)));

/** @throws UsageError for a network that is built for data without them, and for data with another network */
async function networkToShow(target: string, flags: InspectFlags): Promise<ChosenNetwork> {
  const { data, dataDir } = flags;
  const converted = join(target, NETWORK);
  if (existsSync(converted)) return { ...networkNamed(converted), name: basename(resolve(target)) };
  const named = networkNamed(target);
  if (!isBuilt(named.name)) {
    if (data !== undefined)
      throw new UsageError("--data is for networks that are built for data, auto and vector/…\nleave it out");
    return named;
  }
  if (data === undefined)
    throw new UsageError(
      `${named.name} builds a network for data, and none are named\nflowify inspect ${named.name} --data FILE`,
    );
  return networkFor(
    target,
    await loadExamples(
      { name: data, dir: dataDir, reading: readingOf(flags), usual: { table: takesTables(named.name) } },
      "train",
    ),
  );
}

/** Number of trainable parameters of every layer. */
function parametersByLayer(flow: Flow): number[] {
  const counts = flow.chain.layers.map(() => 0);
  for (const { kind, path, shape } of parameterList(flow))
    if (kind !== "fixed") counts[Number.parseInt(path, 10)]! += sizeOf(shape);
  return counts;
}

const sizes = (shape: readonly number[]): string => shape.join("×");

function listNetworks({ say, colors, document }: Terminal): void {
  const networks = networkNames.map((network) => {
    const flow = flowOf({ name: network }, {});
    const { inShape, latentShape, exact, likelihood } = flow;
    return { network, inShape, latentShape, parameters: sum(parametersByLayer(flow)), exact, likelihood };
  });
  say(
    colors.bold(
      "networks; each name is also a recipe, and NAME:paper is the network and protocol of the paper",
    ),
  );
  const rows = networks.map(({ network, inShape, latentShape, parameters, likelihood }) => [
    network,
    `${sizes(inShape)} → ${sizes(latentShape)}`,
    `${formatCount(parameters)} parameters`,
    likelihood,
  ]);
  for (const line of table(rows, [false, false, true])) say(`  ${line}`);
  say(colors.bold("networks built for your data: flowify inspect auto --data FILE"));
  const built = [
    [AUTO, "images of any size, as large as two minutes have time for, or rows of numbers"],
    ["auto:large", "the largest for images; auto:medium, auto:small"],
    ...presetBriefs,
  ];
  for (const line of table(built)) say(`  ${line}`);
  say(colors.bold("data sets"));
  for (const line of table(dataSetBriefs)) say(`  ${line}`);
  document({
    networks,
    built: built.map(([network, brief]) => ({ network, brief })),
    recipes: recipeNames,
    datasets: dataSetBriefs.map(([name, brief]) => ({ name, brief })),
  });
}

/** A run of `flowify train --predict`. */
function describeRegression({ say, document }: Terminal, folder: string): void {
  const run = readRegression(folder);
  const { predict, given, data, targets } = run;
  say(`${fromWhat(run)}: ${formatCount(data.examples)} rows of ${data.name}`);
  const rows = targetsOf(run).map(({ name, kind, atoms, features }, t) => {
    const { value, atom } = targets?.[t] ?? {};
    const flows = (value?.flows ?? 0) + (atom?.flows ?? 0);
    const what =
      kind.classes === undefined
        ? kind.step === undefined
          ? "numbers: a density"
          : `values on a grid of ${kind.step}: probabilities`
        : `${kind.classes} classes: probabilities`;
    const shared = atoms.length > 0 ? `, and ${atoms.length} that many rows share` : "";
    return [name, `${what}${shared}`, `${features.width} numbers in`, `${flows} flows`];
  });
  for (const line of table(rows)) say(`  ${line}`);
  if (!targets) say(`training was stopped: continue it with flowify train --resume ${folder}`);
  document({ run: folder, predict, given, examples: data.examples, finished: targets !== undefined });
}

function describe(
  { say, colors, document }: Terminal,
  flow: Flow,
  network: ChosenNetwork,
  facts: { step?: number; run?: string },
): void {
  const counts = parametersByLayer(flow);
  const layers = flow.chain.layers.map(({ inShape, outShape }, index) => {
    const line = valueAt(flow.ledgerLines, index);
    return { ...line, inShape, outShape, parameters: valueAt(counts, index) };
  });
  const parameters = sum(counts);
  const { inShape, latentShape, dimensions, exact, likelihood } = flow;
  const after = facts.step === undefined ? "" : ` after ${countOf(facts.step, "step")}`;
  say(
    `${colors.bold(network.name)}${after}: ${sizes(inShape)} → ${sizes(latentShape)}, ${formatCount(parameters)} parameters, likelihood ${likelihoodWords[likelihood]}`,
  );
  say();
  const rows = [
    ["layer", "in", "out", "parameters", "likelihood"],
    ...layers.map(({ layer, inShape: from, outShape: to, parameters: count, likelihood: own }) => [
      layer,
      sizes(from),
      sizes(to),
      formatCount(count),
      own,
    ]),
    [lastOf(flow.ledgerLines).layer, sizes(latentShape), "", "0", "exact"],
  ];
  for (const line of table(rows, [false, false, false, true])) say(line);
  document({
    network: network.name,
    ...facts,
    inShape,
    latentShape,
    dimensions,
    exact,
    likelihood,
    parameters,
    layers,
    ...(network.description && { description: network.description }),
  });
}
