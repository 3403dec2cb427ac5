import type { BadCommand } from "./bad-input.js";

const table = (head: string, row: (i: number) => string, count = 40): string =>
  `${head}\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`;
const number = (i: number): string => String(Math.sin(i));

/** A series: a time, a load, and a word. */
const series = (time: (i: number) => string | number, count = 60): string =>
  table("t,load,word", (i) => `${time(i)},${number(i)},${i % 2 ? "on" : "off"}`, count);

/** Names of rows, numbers, a constant, and a price. */
const flats = table("id,area,same,price", (i) => `f${i},${number(i)},1,${number(7 * i)}`);

type Case = [
  input: string,
  flags: readonly string[],
  says: BadCommand["says"],
  options?: { content?: string; code?: BadCommand["code"] },
];

const price = ["--predict", "price"];
const cases: readonly Case[] = [
  [
    "an unknown column to predict",
    ["--predict", "prise"],
    ['unknown column "prise"', 'did you mean "price"?'],
  ],
  [
    "an unknown given column",
    [...price, "--given", "aera"],
    ['unknown column "aera"', 'did you mean "area"?'],
  ],
  [
    "a column that is predicted and given",
    [...price, "--given", "area,price"],
    ['"price" is predicted and given', "leave it out of --predict or of --given"],
  ],
  [
    "a column to predict twice",
    ["--predict", "price,price"],
    ['--predict names "price" twice', "name it once"],
  ],
  [
    "a constant condition",
    [...price, "--given", "same"],
    ['column "same" is constant: it says nothing about others', "leave it out"],
  ],
  [
    "a constant column to predict",
    ["--predict", "same"],
    ['column "same" is constant: there is nothing to predict', "name another column"],
  ],
  [
    "names of rows to predict",
    ["--predict", "id"],
    ['column "id" has another value in each row', "name another column"],
  ],
  [
    "--predict with a network",
    [...price, "--network", "fmlp"],
    ["--network does not go with --predict", "leave it out"],
  ],
  ["--given without --predict", ["--given", "area"], ["--given belongs to --predict", "--predict A,B"]],
  ["--ensemble without --predict", ["--ensemble", "2"], ["--ensemble belongs to --predict", "--predict A,B"]],
  [
    "no rows to predict from",
    price,
    ["a header and no rows", "add rows"],
    { content: "area,price\n", code: "DATA" },
  ],
  [
    "one row to predict from",
    price,
    ["1 row, expected at least 20", "add rows"],
    { content: "area,price\n1,2\n", code: "DATA" },
  ],
  [
    "a dozen rows to predict from",
    price,
    ["12 rows, expected at least 20", "add rows"],
    { content: table("area,price", (i) => `${number(i)},${number(3 * i)}`, 12), code: "DATA" },
  ],
  [
    "no column to predict from",
    price,
    [
      'no column is left to predict "price" from; columns left out: "same" (constant)',
      "at least one other column",
    ],
    { content: table("same,price", (i) => `1,${number(i)}`), code: "DATA" },
  ],
  [
    "text in a given column of numbers",
    price,
    ['column "area": most cells hold a number', "--drop area"],
    { content: table("area,price", (i) => `${i === 9 ? "?!" : number(i)},${number(3 * i)}`), code: "DATA" },
  ],
];

const timely = ["--time", "t", "--predict", "load", "--lags", "4"];
const ofSeries: readonly Case[] = [
  ["an unknown time", ["--time", "tt"], ['unknown column "tt"', 'did you mean "t"?']],
  [
    "a time that is no time",
    ["--time", "word", "--predict", "load"],
    ['column "word" holds texts, expected dates such as 2024-03-01, or numbers', "name another column"],
  ],
  [
    "a target that is the time",
    ["--time", "t", "--predict", "t"],
    ['"t" is the time: what comes next is known', "name another column"],
  ],
  [
    "as many lags as rows",
    ["--time", "t", "--predict", "load", "--lags", "60"],
    ["--lags 60, expected fewer than the 60 rows of the table", "choose fewer, or add rows"],
    { code: "DATA" },
  ],
  [
    "a horizon longer than the table",
    [...timely, "--horizon", "90"],
    ["--horizon 90, expected fewer than the 60 rows of the table", "choose fewer, or add rows"],
    { code: "DATA" },
  ],
  [
    "a horizon that leaves nothing to train on",
    [...timely, "--horizon", "50"],
    ["6 rows to train on have 4 rows without a gap before them and 50 behind them", "a shorter --horizon"],
    { code: "DATA" },
  ],
  [
    "two rows of the same time",
    timely,
    ["row 11 has the time 9 of an earlier one", "add --series word if that column tells series apart"],
    { content: series((i) => (i === 10 ? 9 : i)), code: "DATA" },
  ],
  [
    "an unknown column of the series",
    [...timely, "--series", "wort"],
    ['unknown column "wort"', 'did you mean "word"?'],
  ],
  [
    "a series that is the time",
    [...timely, "--series", "t"],
    ['--series: "t" is the time, expected a column that names the series', "name another column"],
  ],
  [
    "a series that is a target",
    [...timely, "--series", "load"],
    ['--series: "load" is a column to learn', "name another column"],
  ],
  [
    "a column of the series that is named twice",
    [...timely, "--series", "word,word"],
    ['--series names "word" twice', "name it once"],
  ],
  [
    "two rows of a series at the same time",
    [...timely, "--series", "word"],
    [
      "expected another one in each row of a series: row 11 has the time 8 of an earlier one",
      "leave all but one",
    ],
    { content: series((i) => (i === 10 ? 8 : i)), code: "DATA" },
  ],
  [
    "a row without a series",
    [...timely, "--series", "word"],
    ['column "word" names the series, expected a name in each row; none has row 60', "write the names"],
    {
      content: `${series((i) => i)
        .trimEnd()
        .slice(0, -2)}\n`,
      code: "DATA",
    },
  ],
  [
    "a series for each row",
    ["--time", "t", "--predict", "load", "--series", "name"],
    ["by --series name each row is a series of its own", "name columns whose values repeat"],
    { content: table("t,load,name", (i) => `${i},${number(i)},n${i}`), code: "DATA" },
  ],
  ["--series without --time", ["--series", "word"], ["--series belongs to --time", "--time COLUMN"]],
  [
    "a row without a time",
    timely,
    [
      'column "t" is the time, expected a date or a number in each row: row 11 holds ""',
      "leave the rows out",
    ],
    { content: series((i) => (i === 10 ? "" : i)), code: "DATA" },
  ],
  [
    "gaps everywhere in the time",
    timely,
    ["0 rows to train on have 4 rows without a gap before them", "choose fewer --lags"],
    { content: series((i) => i + 10 * Math.floor(i / 4)), code: "DATA" },
  ],
  [
    "three rows",
    ["--time", "t"],
    ["3 rows, expected at least 20 to train on and to test", "add rows"],
    {
      content: series((i) => i)
        .split("\n")
        .slice(0, 4)
        .join("\n"),
      code: "DATA",
    },
  ],
  [
    "a calendar beside the time",
    [...timely, "--calendar", "t"],
    ["--calendar does not go with --time", "leave it out"],
  ],
  [
    "--lags with --predict, without --time",
    ["--predict", "load", "--lags", "4"],
    ["--lags belongs to --time", "--time COLUMN"],
  ],
  [
    "--horizon with --predict, without --time",
    ["--predict", "load", "--horizon", "4"],
    ["--horizon belongs to --time", "--time COLUMN"],
  ],
  ["--lags without --time", ["--lags", "4"], ["--lags belongs to --time", "--time COLUMN"]],
  ["--horizon without --time", ["--horizon", "4"], ["--horizon belongs to --time", "--time COLUMN"]],
];

const withSeries = ([input, flags, says, options]: Case): Case => [
  input,
  flags,
  says,
  { content: series((i) => i), ...options },
];

const trained: readonly BadCommand[] = [
  {
    input: "`flowify predict --quantiles 0,1`",
    args: () => ["predict", "runs/a", "--data", "new.csv", "--quantiles", "0,1"],
    status: 2,
    code: "USAGE",
    says: ['--quantiles "0,1"', "expected a number between 0 and 1"],
  },
  {
    input: "`flowify predict` with quantiles and paths",
    args: () => ["predict", "runs/a", "--data", "new.csv", "--quantiles", "0.5", "--paths", "3"],
    status: 2,
    code: "USAGE",
    says: ["--quantiles does not go with --paths", "leave one of them out"],
  },
  {
    input: "`flowify predict` with a run of images",
    args: async ({ run, write }) => ["predict", await run(), "--data", write("new.csv", flats)],
    status: 2,
    code: "USAGE",
    says: ["holds a run of whole images or rows", "train one with flowify train --predict"],
  },
  {
    input: "`flowify score --follow` with a run of images",
    args: async ({ run }) => ["score", await run(), "--follow"],
    status: 2,
    code: "USAGE",
    says: ["--follow is for a run of flowify train --time", "leave it out"],
  },
];

export const predictions: readonly BadCommand[] = [
  ...[...cases, ...ofSeries.map(withSeries)].map(
    ([input, flags, says, { content = flats, code = "USAGE" as const } = {}]): BadCommand => ({
      input,
      args: ({ write }) => {
        const path = write("rows.csv", content);
        return ["train", "--data", path, "--out", `${path}-run`, ...flags];
      },
      status: 2,
      code,
      says,
    }),
  ),
  ...trained,
];
