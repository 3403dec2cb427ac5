import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { createGuard } from "@flowify/guard";
import { loadRuntime, openGiven } from "@flowify/onnx";
import { loadDataSet } from "flowify";
import { atLeast, atMost, type Check, fixed, holds, type Row } from "./check.js";
import { corruptedPictures, corruptions, type Pictures, writePictures } from "./corrupted-pictures.js";
import { compareEngines, type Inputs, runEach } from "./guard-engines.js";
import { flowifyToEnd } from "./node.js";
import { CIFAR, GIVEN } from "./pretrained-files.js";

const LETTERS = "data/images/notmnist-t10k-images-idx3-ubyte.gz";

/** A classifier, and the mean and standard deviation that its pixels take after division by 255. */
type Classifier = Readonly<{
  file: string;
  data: "mnist" | "cifar10";
  mean?: readonly number[];
  std?: readonly number[];
}>;

const digits = { data: "mnist", mean: [0.1307], std: [0.3081] } as const;

const classifiers: readonly Classifier[] = [
  { file: "zoo_mnist-7.onnx", ...digits },
  { file: "akazhiyu_cnn_mnist.onnx", ...digits },
  { file: "eran_mnist_relu_9_200.onnx", data: "mnist" },
  { file: "marabou_cnn_max_mnist2.onnx", data: "mnist" },
  {
    file: "vnncomp_cifar10_resnet_2b.onnx",
    data: "cifar10",
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2471, 0.2435, 0.2616],
  },
  { file: "yashraj_cifar.onnx", data: "cifar10" },
];

/** Test pictures that are corrupted at each severity, and compared in all engines. */
const COUNT = 300;

const MOST_SECONDS = 600;
const LEAST_AUROC = 0.98;

/** Streams of inputs; letters come from the middle of the second kind on, and an alarm soon after is in time. */
const STREAMS = {
  count: 100,
  length: 10_000,
  change: 5000,
  share: 0.2,
  soon: 500,
  inTime: 95,
  share0: 0.05,
} as const;

type Told = Readonly<Record<string, Readonly<{ auroc: number; fpr95: number }>>>;
type Document = Readonly<{
  nodes: number;
  calibrated: { examples: number };
  report: {
    falseAlarms: readonly { stated: number; found: number; interval: readonly [number, number] }[];
    sets: Readonly<Record<string, Told>>;
  };
}>;

const four = fixed(4);

/** The guard's mean AUROC over some sets, and the largest mean of a baseline. */
function meansOf(sets: readonly Told[]): { guard: number; best: number; baseline: string } {
  const mean = (score: string): number => sets.reduce((sum, set) => sum + set[score]!.auroc, 0) / sets.length;
  const others = Object.keys(sets[0]!).filter((score) => score !== "guard");
  const baseline = others.reduce((most, each) => (mean(each) > mean(most) ? each : most));
  return { guard: mean("guard"), best: mean(baseline), baseline };
}

/** The guard beside the best baseline; where nothing is required, both are reported. */
function besideBaselines(sets: readonly Told[], least: number | undefined): Row {
  const { guard, best, baseline } = meansOf(sets);
  const figure = `${four(guard)}, ${baseline} ${four(best)}`;
  if (least === undefined) return holds(true, figure, "reported");
  return { ...atLeast(guard, Math.max(least, best), four), figure };
}

/** Pixels as the network takes them, one picture after another. */
function inputsOf(
  { bytes, shape }: Pictures,
  { mean, std }: Classifier,
  given: ReturnType<typeof openGiven>["input"],
): Inputs {
  const [channels, height, width] = shape;
  const [plane, size] = [height * width, channels * height * width];
  const last = given.shape.length === 4 && given.shape[3] === channels && given.shape[1] !== channels;
  const numbers = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const [picture, channel, place] = [Math.floor(i / size), Math.floor((i % size) / plane), i % plane];
    const level = bytes[i]! / 255;
    const to = last ? picture * size + place * channels + channel : i;
    numbers[to] = (level - (mean?.[channel] ?? 0)) / (std?.[channel] ?? 1);
  }
  const one = given.shape.slice(1).every((each) => typeof each === "number") ? given.shape.slice(1) : shape;
  return { name: given.name, numbers, shape: [1, ...(one as number[])] };
}

/** Letters of 28 × 28 in the middle of colour pictures of 32 × 32. */
function inColour(letters: Uint8Array, count: number): Pictures {
  const bytes = new Uint8Array(count * 3 * 1024);
  for (let i = 0; i < count * 3 * 784; i++) {
    const [picture, channel, place] = [Math.floor(i / 2352), Math.floor((i % 2352) / 784), i % 784];
    const to = (picture * 3 + channel) * 1024 + (Math.floor(place / 28) + 2) * 32 + (place % 28) + 2;
    bytes[to] = letters[picture * 784 + place]!;
  }
  return { bytes, shape: [3, 32, 32] };
}

/** Alarms of streams of usual inputs, and of those with letters from the middle on. */
function driftRows(
  usual: readonly number[],
  letters: readonly number[],
  held: number,
): { [what: string]: Row } {
  const { count, length, change, share, soon, inTime, share0 } = STREAMS;
  let [alarms, caught] = [0, 0];
  for (let stream = 0; stream < count; stream++) {
    const rng = makeRng(stream);
    const draw = (from: readonly number[]): number => from[rng.integer(from.length)]!;
    const quiet = createGuard({ held, falseAlarms: share0 });
    if (quiet.push(Array.from({ length }, () => draw(usual))).alarm) alarms++;
    const changing = createGuard({ held, falseAlarms: share0 });
    const before = changing.push(Array.from({ length: change }, () => draw(usual)));
    const after = changing.push(
      Array.from({ length: soon }, () => draw(rng.uniform() < share ? letters : usual)),
    );
    if (!before.alarm && after.alarm) caught++;
  }
  return {
    [`drift: alarms of ${count} quiet streams`]: atMost(alarms, share0 * count, String),
    [`drift: streams with letters, alarm within ${soon}`]: atLeast(caught, inTime, String),
  };
}

/** Guards classifiers of digits and photographs, and measures their files. */
export const guard: Check = {
  name: "guard",
  needs: [GIVEN, CIFAR, LETTERS],
  slow: true,
  async run({ dir, file: word = "", scratch, say }) {
    const rows: { [what: string]: Row } = {};
    const letters = await loadDataSet({ name: join(dir, LETTERS) }, "test");
    for (const each of classifiers.filter(({ file }) => file.includes(word))) {
      const { file, data } = each;
      const [given, guarded] = [join(dir, GIVEN, file), join(scratch, file)];
      const isDigits = data === "mnist";
      const place = isDigits ? {} : { dir: join(dir, CIFAR) };
      const test = await loadDataSet({ name: data, ...place }, "test");
      const shape = test.shape;
      const some = { bytes: test.images.subarray(0, COUNT * sizeOf(shape)), shape };
      const others = isDigits ? ["fashion-mnist", join(dir, LETTERS)] : [join(scratch, "letters.npy")];
      if (!isDigits) writePictures(others[0]!, inColour(letters.images, 2000));
      const corrupted = Object.keys(corruptions).map((name) => {
        const path = join(scratch, `${name.replaceAll(" ", "-")}-${data}.npy`);
        writePictures(path, corruptedPictures(some, COUNT, name));
        return path;
      });
      const normalize = each.mean ? ["--normalize", `${each.mean.join(",")}:${each.std?.join(",")}`] : [];
      const from = isDigits ? [] : ["--data-dir", join(dir, CIFAR)];
      const report = ["--report", [...others, ...corrupted].join(",")];
      const args = ["guard", given, "--data", data, ...from, ...normalize, "--out", guarded, ...report];
      const { status, output, said, seconds } = await flowifyToEnd([...args, "--force", "--json"]);
      say(`${file}: ${seconds.toFixed(0)} s`);
      const add = (own: { [what: string]: Row }): void => {
        for (const [what, row] of Object.entries(own)) rows[`${file}, ${what}`] = row;
      };
      if (status !== 0) {
        add({ status: holds(false, `${status} ${said.trim().split("\n").at(-1)}`, "0") });
        continue;
      }
      const { report: measured, calibrated, nodes } = JSON.parse(output) as Document;
      const sets = Object.values(measured.sets);
      for (const [name, told] of Object.entries(measured.sets))
        say(
          `  ${name}: ${Object.entries(told)
            .map(([score, { auroc }]) => `${score} ${four(auroc)}`)
            .join(", ")}`,
        );
      add({
        [`seconds with the report, ${nodes} nodes`]: atMost(seconds, MOST_SECONDS, fixed(0)),
        ...Object.fromEntries(
          measured.falseAlarms.map(({ stated, found, interval: [low, high] }): [string, Row] => [
            `false alarms at ${100 * stated} %`,
            holds(
              found >= low && found <= high,
              `${(100 * found).toFixed(2)} %`,
              `${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)} %`,
            ),
          ]),
        ),
        "AUROC of other data": besideBaselines(
          sets.slice(0, others.length),
          isDigits ? LEAST_AUROC : undefined,
        ),
        "AUROC of corruptions 3 to 5": besideBaselines(sets.slice(others.length), isDigits ? 0 : undefined),
      });
      const { input } = openGiven(new Uint8Array(readFileSync(given)));
      add(
        await compareEngines(join(scratch, `${file}-engines`), given, guarded, inputsOf(some, each, input)),
      );
      if (!isDigits) continue;
      const native = await loadRuntime();
      const p = async (pictures: Pictures): Promise<number[]> =>
        (await runEach(native, guarded, inputsOf(pictures, each, input))).p_value!.map(([first]) => first!);
      const usual = await p({ bytes: test.images, shape });
      add(driftRows(usual, await p({ bytes: letters.images, shape }), calibrated.examples));
    }
    return rows;
  },
};
