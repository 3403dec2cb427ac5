import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { beforeAll, expect, it } from "vitest";
import type { Cell } from "../../src/data/table/cell.js";
import { valueAt } from "../../src/places.js";
import { planPrediction } from "../../src/predictions/plan.js";
import { withRegression } from "../../src/regression/open-regression.js";
import { followRows } from "../../src/series/follow-rows.js";
import { seriesScorer } from "../../src/series/score-series.js";
import { openEncodedTable } from "../../src/tables/read-rows.js";
import { silentTerminal } from "../../src/ui/terminal.js";
import { expectRefusal } from "../refusal.js";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const [table, run] = [join(root, "shops.csv"), join(root, "run")];
const [HEAD, DAYS] = ["city,shop,day,price,sold", 60];
/** A city and a shop in it. */
const SIZES = { "Ulm,corner": 1, "Bern,mall": 300 } as const;

/** Prices and sales of a shop, day by day. */
const rowsOf = (shop: string, size: number, seed: number, days = DAYS): string[] => {
  const random = makeRng(seed);
  let price = 10;
  return Array.from({ length: days }, (_, i) => {
    price = 10 + 0.9 * (price - 10) + random.normal();
    const sold = Math.round(size * (8 + random.uniform() * (i % 7)));
    return `${shop},${new Date(Date.UTC(2024, 0, i + 1)).toISOString().slice(0, 10)},${(size * price).toFixed(2)},${sold}`;
  });
};
const all = Object.entries(SIZES).map(([shop, size], s) => rowsOf(shop, size, s + 1));

function write(name: string, rows: readonly string[], head = HEAD): string {
  const path = join(root, name);
  writeFileSync(path, [head, ...rows, ""].join("\n"));
  return path;
}

/** The rows of a command, without the header. */
async function printed(...args: string[]): Promise<{ rows: string[][]; stderr: string; stdout: string }> {
  const { status, stdout, stderr } = await runCommand(args);
  if (status !== 0) throw new Error(stderr);
  const [, ...rows] = stdout.trim().split("\n");
  return { rows: rows.map((line) => line.split(",")), stderr, stdout };
}

let trained: { targets: Record<string, unknown>[]; examples: number };
let said: string;
beforeAll(async () => {
  write("shops.csv", [...all.flat(), ...rowsOf("Ulm,kiosk", 1, 9, 3)]);
  const what = ["--time", "day", "--series", "city,shop", "--lags", "4", "--horizon", "3"];
  const how = ["--steps", "80", "--ensemble", "1", "--threads", "1", "--out", run, "--json"];
  const { stdout, stderr } = await printed("train", "--data", table, ...what, ...how);
  trained = JSON.parse(stdout);
  said = stderr;
}, 60_000);

it("learns one run of all series, and holds out the end of each", async () => {
  expect(said).toContain("price, sold from the last 4 rows of each city, shop");
  expect(said).toContain("1 of 3 series are left out, without 5 rows in a row: Ulm, kiosk");
  expect(said).toContain("in usual steps of each series");
  // a fifth of the 56 rows of each shop
  expect(trained.examples).toBe(2 * (56 - 11));
  expect(trained.targets.map(({ name, measure }) => [name, measure])).toEqual([
    ["price", "density"],
    ["sold", "probability"],
  ]);
  const { stdout } = await printed("evaluate", run, "--json");
  expect(JSON.parse(stdout).targets).toEqual(trained.targets);
});

it("continues each series as if it stood alone, in its own numbers", async () => {
  const { rows, stderr } = await printed("predict", run, "--data", table);
  expect(stderr).toContain("not forecast, with fewer than 5 rows without a gap at the end: Ulm, kiosk");
  expect(rows.map(([city, shop, day]) => `${city},${shop} ${day}`)).toEqual(
    Object.keys(SIZES).flatMap((shop) => ["01", "02", "03"].map((day) => `${shop} 2024-03-${day}`)),
  );
  const alone = await printed("predict", run, "--data", write("mall.csv", all[1] as string[]));
  expect(alone.rows).toEqual(rows.slice(3));
  for (const [city, shop, , mean] of rows) {
    const size = SIZES[`${city},${shop}` as keyof typeof SIZES];
    expect(Number(mean) / size).toBeGreaterThan(4);
    expect(Number(mean) / size).toBeLessThan(16);
  }
});

it("draws paths of different series apart, of whole numbers whole ones", async () => {
  const { rows } = await printed("predict", run, "--data", table, "--paths", "40", "--horizon", "1");
  expect(rows.every((row) => Number.isInteger(Number(row[5])) && Number(row[5]) >= 0)).toBe(true);
  const ranks = [rows.slice(0, 40), rows.slice(40)].map((own) => {
    const prices = own.map(([, , , , price]) => Number(price));
    return prices.map((price) => prices.filter((each) => each < price).length - 19.5);
  }) as [number[], number[]];
  const product = (a: number[], b: number[]): number =>
    a.reduce((sum, rank, i) => sum + rank * (b[i] as number), 0);
  expect(Math.abs(product(...ranks)) / product(ranks[0], ranks[0])).toBeLessThan(0.5);
});

it("scores each row by its series, and the same as they come, one series between the others", async () => {
  const odd = all.map((own) => own.map((line, i) => (i === 50 ? line.replace(/,(\d+)$/, ",9$1") : line)));
  const between = odd[0]?.flatMap((_, i) => odd.map((own) => own[i] as string)) ?? [];
  const file = write("odd.csv", odd.flat());
  const { rows } = await printed(
    "score",
    run,
    "--data",
    file,
    "--reasons",
    "1",
    "--window",
    "2",
    "--false-alarms",
    "0.1",
  );
  const flags = rows.filter(([, , day, , , flag]) => day === "2024-02-20" && flag === "1");
  expect(flags.map(([, shop, , , , , , , reason, value]) => [shop, reason, value])).toEqual(
    odd.map((own) => {
      const [, shop, , , sold] = own[50]?.split(",") ?? [];
      return [shop, "sold", sold];
    }),
  );
  const warnings: string[] = [];
  const followed = await withRegression(run, {}, silentTerminal({}), async (model, document) => {
    const scorer = seriesScorer(model, document, { falseAlarms: 0.1, reasons: 1, window: 2 });
    const found: Cell[][] = [];
    async function* lines(): AsyncGenerator<string> {
      yield* [HEAD, ...between, "Ulm,,2024-03-01,10,9", "Ulm,new,2024-01-01,5,9", between[3] as string];
    }
    for await (const cells of followRows(document, scorer, lines(), (line) => warnings.push(line)))
      found.push(cells);
    expect(scorer.said().changes).toEqual([]);
    return found;
  });
  expect(warnings.map((line) => line.replace(/^row \d+ /, ""))).toEqual([
    'has no "shop", which says of which series it is: it is left out',
    "has the time 2024-01-02, which is no later than that of the row before it: it is left out",
  ]);
  expect(followed[0]).toEqual(["Ulm", "corner", "2024-01-01", ...new Array(8).fill(null)]);
  expect(followed.at(-1)?.slice(0, 4)).toEqual(["Ulm", "new", "2024-01-01", null]);
  const scored = followed.slice(8, -1);
  expect(scored.map((row) => row.slice(0, 3))).toEqual(rows.map((row) => row.slice(0, 3)));
  for (const [i, row] of scored.entries())
    for (const k of [3, 4, 5, 6]) {
      const wanted = Number(rows[i]?.[k]);
      // scores of thousands are float32 as well
      expect(Math.abs(Number(row[k]) - wanted)).toBeLessThan(5e-4 * Math.max(1, Math.abs(wanted) / 1000));
    }
});

it("says that all rows are one series, and learns nothing from its name", async () => {
  const flags = { time: "day", series: ["city", "shop"], predict: ["sold"], lags: 2, out: join(root, "one") };
  const plan = await planPrediction({ ...flags, data: write("one.csv", all[0] as string[]) });
  expect(plan.notes.join("\n")).toContain("all rows are one series by --series city,shop");
  expect(plan.document.given.filter((name) => flags.series.includes(name))).toEqual([]);
  expect(plan.rows.series.map(({ series }) => series.keys)).toEqual([["Ulm", "corner"]]);
});

it("takes a series that training did not have with a warning, and no file without the column", async () => {
  const fresh = write("fresh.csv", rowsOf("Graz,tower", 20, 5, 12));
  const { rows, stderr } = await printed("predict", run, "--data", fresh, "--horizon", "1");
  expect(stderr).toContain('column "shop" holds "tower", which no training row has');
  expect(stderr).toContain('column "city" holds "Graz"');
  expect(rows[0]?.slice(0, 2)).toEqual(["Graz", "tower"]);
  expect(Math.abs(Number(rows[0]?.[3]) / 20 - 10)).toBeLessThan(6);
  const bare = write("bare.csv", ["Ulm,2024-01-01,5,9"], "city,day,price,sold");
  for (const command of ["predict", "score", "evaluate"])
    await expectRefusal(
      [command, run, "--data", bare],
      2,
      'lacks the column "shop", which says of which series a row is',
    );
});

it("exports graphs that take numbers of the file and the units of a series", async () => {
  const exported = join(root, "exported");
  await printed("export", run, "--out", exported);
  const document = JSON.parse(readFileSync(join(exported, "regression.json"), "utf8"));
  const ort = await loadRuntime();
  const rows = all.flatMap((own) =>
    own.slice(4).map((line, i) => ({ now: line.split(","), past: own.slice(i, i + 4).toReversed() })),
  );
  const numbers = (values: readonly number[]) =>
    new ort.Tensor("float64", Float64Array.from(values), [values.length, 1]);
  const texts = (values: readonly string[]) => new ort.Tensor("string", [...values], [values.length, 1]);
  const fields = ["city", "shop", "day", "price", "sold"];
  const given = Object.fromEntries([
    ...["city", "shop"].map((name, k) => [name, texts(rows.map(({ now }) => now[k] as string))]),
    ...["price", "sold"].flatMap((name) =>
      [1, 2, 3, 4].map((lag) => [
        `${name} lag ${lag}`,
        numbers(rows.map(({ past }) => Number(past[lag - 1]?.split(",")[fields.indexOf(name)]))),
      ]),
    ),
    ["day: day of the week", numbers(rows.map(({ now }) => (Date.parse(now[2] as string) / 86_400_000) % 7))],
    ...["price", "sold"].flatMap((name) =>
      [`middle of ${name}`, `step of ${name}`].map((unit) => [
        unit,
        numbers(
          rows.map(({ now }) => {
            const own = document.series.find(
              (each: Record<string, unknown>) => each.city === now[0] && each.shop === now[1],
            );
            return own.units[unit];
          }),
        ),
      ]),
    ),
  ]);
  const open = (name: string) => ort.InferenceSession.create(readFileSync(join(exported, name)));
  const values = [3, 4].map((k) => rows.map(({ now }) => Number(now[k])));
  const session = await open("log-prob.onnx");
  const found = await session.run({ ...given, price: numbers(values[0]!), sold: numbers(values[1]!) });
  const own = await withRegression(run, {}, silentTerminal({}), async (model, document_) => {
    const {
      rows: encoded,
      names,
      series,
    } = await (await openEncodedTable(table, { ...document_, warn() {} })).all();
    const logs = await model.logProb(encoded);
    return new Map(
      names.map((name, i) => [`${valueAt(series, i).name} ${name}`, logs.map((log) => log[i] as number)]),
    );
  });
  const away = [0, 0];
  for (const [i, { now }] of rows.entries())
    for (const [t, log] of (own.get(`${now[0]}, ${now[1]} ${now[2]}`) ?? [Number.NaN]).entries()) {
      const other = valueAt(found[t === 0 ? "log p price" : "log p sold"]!.data as Float32Array, i);
      away[t] = Math.max(away[t]!, Math.abs(log - other) / Math.max(1, Math.abs(log)));
    }
  expect(away[0]).toBeLessThan(1e-5);
  // cells of counts are differences of what float32 holds
  expect(away[1]).toBeLessThan(5e-5);
  const random = makeRng(3);
  const sampler = await open("sample.onnx");
  const noise = ["noise 1", "noise 2"].map((name) => [name, numbers(rows.map(() => random.normal()))]);
  const choice = numbers(rows.map(() => random.uniform()));
  const drawn = await sampler.run({ ...given, ...Object.fromEntries(noise), choice });
  const sold = drawn.sold?.data as Float64Array;
  expect(sold.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  const below = sold.filter((value, i) => value < (values[1]?.[i] ?? 0)).length / sold.length;
  expect(Math.abs(below - 0.5)).toBeLessThan(0.2);
});

it("judges a series by itself, where one surprises more than another", async () => {
  const random = makeRng(5);
  const file = write(
    "noise.csv",
    ["calm", "wild"].flatMap((name) => {
      let x = 0;
      return Array.from({ length: 320 }, (_, i) => {
        const u = random.uniform() - 0.5;
        // the wild one jumps now and then, so that its usual step says little
        x = 0.9 * x + (name === "calm" || i % 6 ? u : 30 * u);
        return `${name},${i},${x.toFixed(4)}`;
      });
    }),
    "name,t,x",
  );
  const noisy = join(root, "noisy");
  const what = ["--time", "t", "--series", "name", "--lags", "1", "--horizon", "1"];
  const how = ["--steps", "60", "--ensemble", "1", "--threads", "1", "--out", noisy, "--quiet"];
  await printed("train", "--data", file, ...what, ...how);
  const { rows, stderr } = await printed("score", noisy, "--data", file, "--false-alarms", "0.05");
  for (const name of ["calm", "wild"]) {
    const held = rows.filter(([each]) => each === name).slice(-63);
    // 0.5 + 1 / 64 among themselves; by the scores of both series, the mean of one would be 0.66
    const mean = held.reduce((sum, row) => sum + Number(row[3]), 0) / held.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.04);
  }
  expect(stderr).toContain("no change");
});
