import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jaxExecutor } from "@flowify/core";
import { makeRng, type Rng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { describe, expect, it } from "vitest";
import { blockOf } from "../src/data/table/block.js";
import { readDetector } from "../src/detect/detector-file.js";
import { readRunConfig } from "../src/runs/config-file.js";
import { tableColumns } from "../src/tables/columns/kinds.js";
import { rowEncoder } from "../src/tables/row-encoder.js";
import { conformalP, openDetector } from "../src/tables-browser.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const ort = await loadRuntime();

/** Every score agrees to this part of 1 + |score|. */
const CLOSE = 1e-5;
const FALSE_ALARMS = 0.02;

type Cells = readonly (string | number)[];
type Kind = Readonly<{
  columns: readonly string[];
  /** `odd`: a planted row. */
  row(rng: Rng, odd: boolean): Cells;
  rows?: number;
  planted?: number;
  flags?: readonly string[];
}>;

const day = (rng: Rng): string => `2024-0${1 + rng.integer(9)}-1${rng.integer(10)}`;

const tables: Readonly<Record<string, Kind>> = {
  planted: {
    columns: ["length", "weight", "height"],
    row(rng, odd) {
      const center = rng.normal();
      const length = odd ? center + 1.5 * Math.sign(center) : center;
      const weight = (odd ? -1 : 1) * (length + 2 * Math.sign(length)) + 0.2 * rng.normal();
      return [length.toFixed(4), weight.toFixed(4), (length + 0.5 * rng.normal()).toFixed(4)];
    },
    rows: 1200,
    planted: 12,
  },
  mixed: {
    columns: ["day", "count", "weight", "shop", "gift"],
    row(rng) {
      const weight = rng.uniform() < 0.1 ? "" : (1e7 + 3 * rng.normal()).toFixed(2);
      const shop = rng.uniform() < 0.1 ? "" : ["web", "store", "phone"][rng.integer(3)]!;
      return [
        rng.uniform() < 0.05 ? "" : day(rng),
        rng.integer(6),
        weight,
        shop,
        rng.uniform() < 0.3 ? "yes" : "no",
      ];
    },
    flags: ["--calendar", "day"], // its weekdays and seasons lie on circles
  },
  "one column": { columns: ["amount"], row: (rng) => [Math.exp(rng.normal()).toFixed(3)] },
  repeated: {
    columns: ["color", "size"],
    row: (rng) => [["red", "green", "blue", "black"][rng.integer(4)]!, rng.integer(5)],
  },
  contaminated: {
    columns: ["a", "b"],
    row(rng, odd) {
      const a = rng.normal();
      return [a.toFixed(3), ((odd ? -1 : 1) * a + 0.1 * rng.normal()).toFixed(3)];
    },
    planted: 40,
    flags: ["--contaminated"],
  },
};

function write(name: string, { columns, row, rows = 240, planted = 0 }: Kind, seed: number): string {
  const path = join(root, `${name}-${seed}.csv`);
  const lines = Array.from({ length: rows }, (_, i) => row(makeRng(seed, i), i < planted).join(","));
  writeFileSync(path, `${columns.join(",")}\n${lines.join("\n")}\n`);
  return path;
}

const cellsOf = (file: string): string[][] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

type Judged = Readonly<{ score: number; p: number; flag: number }>;

async function byScore(run: string, file: string): Promise<Judged[]> {
  const args = ["score", run, "--data", file, "--false-alarms", String(FALSE_ALARMS), "--quiet"];
  const { stdout } = await runCommand(args);
  const lines = stdout.trim().split("\n").slice(1);
  return lines.map((line) => {
    const [, score, p, flag] = line.split(",").map(Number);
    return { score: score!, p: p!, flag: flag! };
  });
}

type Description = Readonly<{ inputs: readonly Readonly<{ name: string; column: string; type: string }>[] }>;

/** What judges the rows of a file: opened once for all files. */
type Judge = { of(file: string): Promise<Judged[]>; close(): Promise<void> };

async function byGraph(folder: string, columns: readonly string[]): Promise<Judge> {
  const { inputs } = JSON.parse(readFileSync(join(folder, "detector.json"), "utf8")) as Description;
  const numberOf = (cell: string): number => {
    if (cell === "") return Number.NaN;
    // a day that was taken apart is the same at any time
    return cell.includes("-1") && cell.length === 10 ? Date.parse(cell) / 86_400_000 + 0.4 : Number(cell);
  };
  const session = await ort.InferenceSession.create(readFileSync(join(folder, "detector.onnx")));
  return {
    async of(file) {
      const cells = cellsOf(file);
      const feeds = inputs.map(({ name, column, type }) => {
        const own = cells.map((row) => row[columns.indexOf(column)]!);
        const data = type === "string" ? own : Float64Array.from(own, numberOf);
        return [name, new ort.Tensor(type as "float64", data as Float64Array, [own.length, 1])] as const;
      });
      const { score, p, flag } = await session.run(Object.fromEntries(feeds));
      const [scores, ps, flags] = [score, p, flag].map((each) =>
        Array.from(each!.data as Float32Array, Number),
      );
      return scores!.map((each, i) => ({ score: each, p: ps![i]!, flag: flags![i]! }));
    },
    close: () => session.release(),
  };
}

async function byPage(run: string, columns: readonly string[]): Promise<Judge> {
  const found = readDetector(join(run, "detector.safetensors"), run, readRunConfig(run));
  const open = await openDetector(jaxExecutor(), found.detector);
  return {
    async of(file) {
      const encoder = rowEncoder(file, { names: columns }, tableColumns(found.detector));
      const { combination } = await open.score(encoder.encode(blockOf(cellsOf(file))), ["combination"]);
      return Array.from(combination, (score) => {
        const p = conformalP(found.calibrations.combination, score);
        return { score, p, flag: Number(p <= FALSE_ALARMS) };
      });
    },
    close: () => open.dispose(),
  };
}

type Worst = Readonly<{ name: string; score: number; p: number; nearest: readonly string[] }>;

async function byReport(run: string, file: string) {
  const args = ["report", run, "--data", file, "--false-alarms", String(FALSE_ALARMS), "--json"];
  const { stdout } = await runCommand([...args, "--out", join(root, "report"), "--force"]);
  return JSON.parse(stdout).runs[0].table as { flagged: number; worst: readonly Worst[] };
}

const worstOf = (rows: readonly Judged[]): number[] =>
  Array.from(rows.keys())
    .sort((a, b) => rows[b]!.score - rows[a]!.score || a - b)
    .slice(0, 10);

function expectSame(found: readonly Judged[], wanted: readonly Judged[], close: number): void {
  expect(found).toHaveLength(wanted.length);
  const far = wanted.flatMap(({ score }, i) =>
    Math.abs(found[i]!.score - score) > close * (1 + Math.abs(score)) ? [[i, found[i]!.score, score]] : [],
  );
  expect(far).toEqual([]);
  expect(found.map(({ flag }) => flag)).toEqual(wanted.map(({ flag }) => flag));
}

describe("one model of a table: score, report, the exported file and the page", () => {
  for (const name of Object.keys(tables))
    it(`agree on the table ${name}, on its own rows and on new ones`, {
      tags: name === "mixed" ? [] : ["long"],
      timeout: 240_000,
    }, async () => {
      const kind = tables[name]!;
      const { columns, planted = 0, flags = [] } = kind;
      const [known, fresh] = [write(name, kind, 1), write(name, kind, 2)];
      const run = join(root, name);
      const folder = join(root, `${name}-graph`);
      // all of it is of the detector, which is the same for every network
      const short = ["--network", "table/gaussian", "--steps", "25"];
      const settings = [...short, "--pictures", "none", "--quiet", ...flags];
      const trained = await runCommand(["train", "--data", known, "--out", run, ...settings]);
      expect(trained).toMatchObject({ status: 0 });
      const falseAlarms = ["--false-alarms", String(FALSE_ALARMS)];
      await runCommand(["export", run, "--detector", "--out", folder, "--quiet", ...falseAlarms]);
      const [graph, page] = [await byGraph(folder, columns), await byPage(run, columns)];
      for (const file of [known, fresh]) {
        const wanted = await byScore(run, file);
        expectSame(await graph.of(file), wanted, CLOSE);
        expectSame(await page.of(file), wanted, CLOSE);
        const { worst, flagged } = await byReport(run, file);
        expect(flagged).toBe(wanted.filter(({ flag }) => flag === 1).length);
        const places = worstOf(wanted);
        expect(new Set(worst.map((row) => Number(row.name) - 1))).toEqual(new Set(places));
        for (const row of worst) {
          const { score } = wanted[Number(row.name) - 1]!;
          expect(Math.abs(row.score - score)).toBeLessThan(CLOSE * (1 + Math.abs(score)));
        }
        const itself = worst.filter((row) => file === known && row.nearest.includes(row.name));
        expect(itself).toEqual([]);
        const isJudged = name === "planted" && file === known;
        expect(places.filter((place) => isJudged && place >= planted)).toEqual([]);
      }
      await Promise.all([graph.close(), page.close()]);
    });
});
