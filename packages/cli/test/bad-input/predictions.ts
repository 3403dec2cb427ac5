import type { BadCommand } from "./bad-input.js";

const table = (head: string, row: (i: number) => string, count = 40): string =>
  `${head}\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`;
const number = (i: number): string => String(Math.sin(i));

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
    ["no column is left to learn from", "at least one column"],
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

const trained: readonly BadCommand[] = [
  {
    input: "`flowify predict` with a run of images",
    args: async ({ run, write }) => ["predict", await run(), "--data", write("new.csv", flats)],
    status: 2,
    code: "USAGE",
    says: ["holds a run of whole images or rows", "train one with flowify train --predict"],
  },
];

export const predictions: readonly BadCommand[] = [
  ...cases.map(
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
