import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import Papa from "papaparse";
import { expect, it } from "vitest";
import { sampleWriter } from "../../../src/data/written/sampled-rows.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();
const rng = makeRng(3);

const two = (part: number): string => String(part).padStart(2, "0");

const dateOf = (u: number): Date =>
  new Date(Date.UTC(2024, Math.floor(12 * u), 1 + Math.floor(28 * ((12 * u) % 1))));
const day = (u: number): string[] => dateOf(u).toISOString().slice(0, 10).split("-");
const named = (u: number, parts: Intl.DateTimeFormatOptions, locale = "en-US"): string =>
  dateOf(u)
    .toLocaleDateString(locale, { ...parts, timeZone: "UTC" })
    .replace("Sept ", "Sep ");

/** A column a way of writing: the cell of a random number from 0 to 1. */
const columns: Readonly<Record<string, (u: number) => string>> = {
  "h:m:s": (u) => `${Math.floor(24 * u)}:${two(rng.integer(60))}:${two(rng.integer(60))}`,
  "hh:mm:ss": (u) => `${two(Math.floor(24 * u))}:${two(rng.integer(60))}:${two(rng.integer(60))}`,
  "hh:mm:ss.f": (u) => `${two(Math.floor(24 * u))}:00:${two(rng.integer(60))}.${rng.integer(10)}`,
  "hh:mm": (u) => `${two(Math.floor(24 * u))}:${two(rng.integer(60))}`,
  "h:mm": (u) => `${Math.floor(24 * u)}:${two(rng.integer(60))}`,
  duration: (u) => `${u < 0.3 ? "-" : ""}${Math.floor(90 * u)}:${two(rng.integer(60))}:30`,
  "h:mm a": (u) => `${1 + Math.floor(12 * u)}:${two(rng.integer(60))} ${rng.integer(2) ? "AM" : "PM"}`,
  code: (u) => ["02139", "00501", "94110"][Math.floor(3 * u)]!,
  "code of many": (u) => String(Math.floor(1e5 * u)).padStart(5, "0"),
  price: (u) => (100 * u).toFixed(2),
  pandas: (u) => (rng.integer(3) ? `${Math.floor(9 * u)}.0` : (9 * u).toFixed(1)),
  change: (u) => `${u < 0.5 ? "-" : "+"}${(1 + 3 * u).toFixed(1)}`,
  $: (u) => `$${dollars(5000 * u)}`,
  "($)": (u) => (u < 0.3 ? `($${dollars(900 * u)})` : `$${dollars(5000 * u)}`),
  loss: (u) => (u < 0.3 ? `-$ ${Math.floor(900 * u)}` : `$ ${Math.floor(900 * u)}`),
  euros: (u) => `${dollars(5000 * u).replace(/[.,]/g, (sign) => (sign === "," ? "." : ","))} €`,
  spaces: (u) =>
    `${dollars(5000 * u)
      .replace(",", "\u202f")
      .replace(".", ",")}`,
  accounting: (u) => `${dollars(5000 * u)}${u < 0.3 ? "-" : ""}`,
  swiss: (u) => dollars(5000 * u).replace(",", "'"),
  percent: (u) => `${Math.floor(100 * u)} %`,
  "percent, comma": (u) => `${(100 * u).toFixed(1).replace(".", ",")}%`,
  "iso day": (u) => day(u).join("-"),
  "iso time": (u) => `${day(u).join("-")} ${two(Math.floor(24 * u))}:${two(rng.integer(60))}`,
  "iso seconds": (u) => `${day(u / 2).join("-")}T${two(Math.floor(24 * u))}:00:${two(rng.integer(60))}+00:00`,
  german: (u) => day(u).toReversed().join("."),
  "german, short": (u) => day(u).map(Number).toReversed().join("."),
  british: (u) => day(u).toReversed().join("/"),
  american: (u) => `${day(u)[1]}/${day(u)[2]}/2024 ${1 + rng.integer(12)}:${two(rng.integer(60))} PM`,
  japanese: (u) => day(u).join("/"),
  month: (u) => day(u).slice(0, 2).join("-"),
  named: (u) => named(u, { day: "numeric", month: "short", year: "numeric" }, "en-GB"),
  "named, long": (u) => named(u, { month: "long", day: "numeric", year: "numeric" }),
  "named, with weekdays": (u) =>
    named(u, { weekday: "short", month: "short", day: "numeric", year: "numeric" }),
  latency: (u) => `${Math.floor(90 * u)} ms`,
  weight: (u) => `${(30 * u).toFixed(1)}kg`,
  temperature: (u) => `${(30 * u - 9).toFixed(1).replace(".", ",").replace("-0,0", "0,0")} °C`,
  plain: (u) => String(Math.round(1e4 * u) / 100),
};

const dollars = (value: number): string => value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");

/** All cells, by columns, of a table that is written in this way, and of one that is written again from what was read. */
async function writtenTwice(ways: typeof columns, separator: string) {
  const quoted = (cell: string): string => (cell.includes(separator) ? `"${cell}"` : cell);
  const rows = Array.from({ length: 120 }, () => Object.values(ways).map((write) => write(rng.uniform())));
  const lines = [Object.keys(ways), ...rows].map((row) => `${row.map(quoted).join(separator)}\n`);
  const path = join(root, "cells.csv");
  writeFileSync(path, lines.join(""));
  const { rows: encoded, schema } = await readRows(path);
  let again = "";
  const writer = sampleWriter(
    "csv",
    { shape: [Object.keys(ways).length], reading: { schema } },
    rows.length,
    async (piece) => {
      again += String(piece);
    },
    {},
  );
  await writer.add(encoded);
  await writer.end();
  const columnsIn = (text: string) => {
    const [names = [], ...found] = Papa.parse<string[]>(text.trim(), { delimiter: separator }).data;
    return names.map((name, i) => [name, ...found.map((row) => row[i])]);
  };
  return { schema, first: columnsIn(readFileSync(path, "utf8")), again: columnsIn(again) };
}

it("every cell of a table comes back as it was read, however its column is written", async () => {
  const { schema, first, again } = await writtenTwice(columns, ",");
  expect(schema.columns.filter(({ range }) => range === undefined).map(({ name }) => name)).toEqual(["code"]);
  for (const [i, wanted] of first.entries()) expect(again[i]).toEqual(wanted);
});

it.each([";", "\t", "|"])("cells come back between separators such as %j", async (separator) => {
  const { euros, spaces, german, ...others } = columns;
  const ways = {
    euros,
    spaces,
    german,
    code: others.code,
    "percent, comma": others["percent, comma"],
    "hh:mm": others["hh:mm"],
    [`a${separator} name`]: (u: number) => (u < 0.5 ? `a${separator}b` : "c,d"),
    comma: (u: number) => (Math.round(1e4 * u) / 100).toFixed(2).replace(".", ","),
  } as typeof columns;
  const { schema, first, again } = await writtenTwice(ways, separator);
  expect(schema.separator).toBe(separator);
  for (const [i, wanted] of first.entries()) expect(again[i]).toEqual(wanted);
});
