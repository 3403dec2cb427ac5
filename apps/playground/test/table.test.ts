import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parquetBytes } from "../../../packages/cli/test/data/parquet-files.js";
import { audited } from "./audited.js";
import { expectProblem, type Playground, startPlayground } from "./browser.js";
import { idle } from "./saved-run.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ still: true });
});
afterAll(() => playground.close());

const file = (name: string, text: string | Uint8Array) => ({
  name,
  mimeType: "text/csv",
  buffer: Buffer.from(text as Uint8Array),
});
const choose = (page: Page, ...files: ReturnType<typeof file>[]): Promise<void> =>
  page.locator("#part-table .first input[type=file]").setInputFiles(files);

/** Rows whose second column follows the first and whose third is its square; in two of them one column does not. */
const ODD: Readonly<Record<number, readonly [column: string, value: number]>> = {
  31: ["follows", -0.5], // not −1.5: a first of −1.5 would fit it and the square
  77: ["square", 0.1],
};
function planted(): string {
  const rng = makeRng(3);
  const lines = Array.from({ length: 240 }, (_, i) => {
    const odd = ODD[i + 1];
    const first = odd ? 1.5 : 4 * rng.uniform() - 2;
    const cells: Record<string, number> = {
      first,
      follows: first + 0.05 * rng.normal(),
      square: first ** 2 + 0.05 * rng.normal(),
    };
    if (odd) cells[odd[0]] = odd[1];
    return `=row${i + 1},${Object.values(cells).map((value) => value.toFixed(4))},${i % 3 ? "yes" : "no"}`;
  });
  return `name,first,follows,square,"<b>told</b>"\n${lines.join("\n")}\n`;
}

/** What a button of the page saves. */
async function downloaded(page: Page, name: string): Promise<Buffer> {
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `Download ${name}` }).press("Enter"),
  ]);
  await idle(page, "table");
  expect(saved.suggestedFilename()).toBe(name);
  return readFileSync(await saved.path());
}

/** Scores, p-values and flags of rows by a detector's file in ONNX Runtime alone. */
async function byGraph(bytes: Uint8Array, columns: Record<string, number[]>): Promise<number[][]> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(bytes);
  const feeds = Object.entries(columns).map(([name, values]) => [
    name,
    new Tensor("float64", Float64Array.from(values), [values.length, 1]),
  ]);
  const found = await session.run(Object.fromEntries(feeds));
  await session.release();
  return ["score", "p", "flag"].map((name) => [...(found[name]!.data as Float32Array)]);
}

/** The page that has learned the rows, for the tests behind this one. */
let learned: Page | undefined;
test("odd rows of a file come first, with the column to blame, by keys alone", async () => {
  const config = encodeURIComponent(JSON.stringify({ steps: 60 }));
  const page = await playground.open(`#/table?config=${config}`);
  learned = page;
  await choose(page, file("planted.csv.gz", gzipSync(planted())));
  await page.locator("#table-size", { hasText: "240 rows, 5 columns" }).waitFor();
  expect(await page.getByRole("img", { name: "Histogram of square" }).locator("rect").count()).toBe(16);
  expect(await page.getByLabel("Rows are named by").inputValue()).toBe("name");
  expect(await page.getByLabel("Use name").isDisabled()).toBe(true);
  await page.getByLabel("Use <b>told</b>").press(" ");
  await page.getByRole("button", { name: "Train", exact: true }).press("Enter");
  const rows = page.locator(".second tbody tr");
  await rows.first().waitFor();
  await idle(page, "table");
  const names = (await rows.locator("th").allTextContents()).slice(0, 2);
  expect(names.toSorted()).toEqual(["=row31", "=row77"]);
  expect(await page.locator(".second thead").textContent()).not.toContain("told");

  const blamed = new Map<string, string | null>();
  for (const name of names) {
    await page.getByRole("button", { name: `Reasons of row ${name}`, exact: true }).press("Enter");
    await page.locator("#table-row", { hasText: name }).waitFor();
    await idle(page, "table");
    blamed.set(name, await page.locator(".reasons th b").first().textContent());
    await page.keyboard.press("ArrowDown");
  }
  expect(Object.fromEntries(blamed)).toEqual({ "=row31": "follows", "=row77": "square" });
  await page.setViewportSize({ width: 400, height: 800 });
  await rows.first().getByRole("button").click();
  // the reasons stand below: the page scrolls to them
  await expect.poll(async () => (await page.locator(".more").boundingBox())!.y).toBeLessThan(400);

  expect(await page.locator("#table-flagged").textContent()).toBe("0"); // 48 rows are held out
  await page.getByText("allow more false alarms").waitFor();
  await page.getByLabel("False alarms, %").fill("5");
  await page.getByLabel("False alarms, %").press("Enter");
  await idle(page, "table");
  const flagged = Number(await page.locator("#table-flagged").textContent());
  expect(flagged).toBeGreaterThanOrEqual(2);
  const [head, ...lines] = String(await downloaded(page, "scored.csv"))
    .trim()
    .split("\n");
  expect([head, lines.length]).toEqual(["name,score,p,flag", 240]);
  expect(lines[30]).toMatch(/^'=row31,[\d.]+,[\d.]+,1$/); // a spreadsheet must not run the name
  expect(lines.filter((line) => line.endsWith(",1")).length).toBe(flagged);

  const other = page.getByLabel("Score another file");
  await other.setInputFiles([file("short.csv", "first,square\n1,1\n")]);
  await expectProblem(page, 'short.csv: lacks the column "follows"');
  await other.setInputFiles([file("new.csv", "follows,square,first\n0.5,0.25,0.5\n-1.9,3.6,1.9\n")]);
  await page.getByText("new.csv: the columns come in another order").waitFor();
  await idle(page, "table");
  expect(await rows.locator("th").allTextContents()).toEqual(["2", "1"]);
  const scored = String(await downloaded(page, "scored.csv"))
    .trim()
    .split("\n")
    .slice(1);
  const found = await byGraph(await downloaded(page, "detector.onnx"), {
    first: [0.5, 1.9],
    follows: [0.5, -1.9],
    square: [0.25, 3.6],
  });
  for (const [i, line] of scored.entries())
    for (const [k, cell] of line.split(",").slice(1).entries())
      expect(found[k]![i]).toBeCloseTo(Number(cell), 4);
  await page.getByRole("button", { name: "Back to planted.csv.gz" }).press("Enter");
  await page.getByText("240 rows are flagged").waitFor();
  await rows.first().getByRole("button").click();
  await page.locator("output#table-row").waitFor();
  await idle(page, "table");
});

/** That page; where the test above is left out, one with a row chosen after three steps. */
async function learnedPage(): Promise<Page> {
  if (learned) return learned;
  const page = await playground.open(`#/table?config=${encodeURIComponent(JSON.stringify({ steps: 3 }))}`);
  learned = page;
  await choose(page, file("planted.csv", planted()));
  await page.locator("#table-size", { hasText: "240 rows, 5 columns" }).waitFor();
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator(".second tbody tr").first().getByRole("button").click();
  await page.locator("output#table-row").waitFor();
  await idle(page, "table");
  return page;
}

audited("table", learnedPage);

test("a training is stopped, also by one click too many", async () => {
  const page = await learnedPage();
  await page.getByLabel("Steps").fill("5000");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator("#part-table progress:not([value='0'])").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).dblclick();
  await page.locator("#table-row").waitFor();
  expect(await page.getByText("Trained for").textContent()).not.toContain("5,000 steps");
});

test("a finished example stands on the page, and its detector goes on", async () => {
  const page = await playground.open("#/table");
  // what is odd comes first, by the scores that the page came with
  const rows = page.locator(".second tbody tr");
  await rows.first().waitFor();
  const odd = ["P0057", "P0148", "P0233", "P0341", "P0462", "P0519"];
  expect((await rows.locator("th").allTextContents()).slice(0, 6).toSorted()).toEqual(odd);
  expect(Number(await page.locator("#table-flagged").textContent())).toBeGreaterThanOrEqual(6);
  await idle(page, "table");
  await page.getByRole("button", { name: "Reasons of row P0057", exact: true }).press("Enter");
  await page.locator("#table-row", { hasText: "P0057" }).waitFor();
  await idle(page, "table");
  expect(await page.locator(".reasons th b").first().textContent()).toBe("weight");
  // the page computes what was stored: the rows of the same file, scored again, keep their order
  const first = await rows.locator("td:nth-child(3)").allTextContents();
  await page
    .locator("#part-table .second input[type=file]")
    .setInputFiles(file("again.csv", readFileSync(new URL("../public/parcels.csv", import.meta.url))));
  await page.getByRole("heading", { name: "Rows of again.csv by score" }).waitFor();
  await idle(page, "table");
  expect(await rows.locator("td:nth-child(3)").allTextContents()).toEqual(first);
});

test("files that are no usable table are refused in words", async () => {
  const page = await playground.open("#/table");
  // a file of one's own takes the place of the example, also while it opens
  await choose(page, file("planted.csv", planted()));
  await page.locator("#table-size", { hasText: "240 rows, 5 columns" }).waitFor();
  await idle(page, "table");
  expect(await page.locator(".second").count()).toBe(0);
  const numbers = Array.from({ length: 120 }, (_, i) => `${Math.sin(i)},${i % 7}`);
  const many = Array.from({ length: 20_001 }, (_, i) => i / 7).join("\n");
  const cases: [ReturnType<typeof file>, string][] = [
    [file("empty.csv", ""), "empty.csv: an empty file, expected a table"],
    [file("ragged.csv", "a,b\n1,2\n3\n4,5,6\n"), "row 2 has 1; row 3 has 3"],
    [file("quote.csv", 'a,b\n1,"2\n'), "a quote is opened and not closed"],
    [
      file("t.xlsx", "PK"),
      "a file of an unknown kind, expected .csv, .tsv, .json, .jsonl, .parquet or .arrow",
    ],
    [file("t.parquet", "PAR1, and no more"), "not a readable Parquet file"],
    [file("t.csv.gz", "no gzip"), "t.csv.gz: damaged gzip file"],
    [file("t.jsonl", '{"a":1}\n[2]\n'), "line 2 is an array"],
    [file("many.csv", `a\n${many}\n`), "more than 20,000 rows, expected at most 20,000 rows on this page"],
  ];
  for (const [each, words] of cases) {
    await choose(page, each);
    await expectProblem(page, words);
  }
  const refused: [text: string, words: string][] = [
    [numbers.slice(0, 9).join("\n"), "9 rows, expected at least 20"],
    [numbers.with(7, "oh,2").join("\n"), 'column "a": most cells hold a number, but row 8 holds "oh"'],
    ["", "a header and no rows"],
  ];
  for (const [text, words] of refused) {
    await choose(page, file("t.csv", `a,b\n${text}\n`));
    await idle(page, "table");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await expectProblem(page, words);
  }
  const [a, b] = [0, 1].map((at) => numbers.map((row) => Number(row.split(",")[at])));
  const columns = [
    { name: "a", data: a!, type: "DOUBLE" as const },
    { name: "b", data: b!, type: "DOUBLE" as const },
  ];
  await choose(page, file("t.parquet", parquetBytes(columns)));
  await idle(page, "table");
  await page.locator("#table-size", { hasText: "120 rows, 2 columns" }).waitFor();
});
