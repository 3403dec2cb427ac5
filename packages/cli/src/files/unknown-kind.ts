import { DataError } from "@flowify/core";

/** What makes a readable file of another one, by the end of its name. */
const remedies: readonly (readonly [ending: RegExp, remedy: string])[] = [
  [/\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i, "save its sheet as CSV"],
  [
    /\.(sqlite3?|db)$/i,
    'write its table as CSV: sqlite3 -header -csv FILE "select * from TABLE" > table.csv',
  ],
  [/\.(txt|dat|data)$/i, "if it is a table with a header, give it a name that ends in .csv"],
  [/\.(zip|7z|rar|bz2|xz)$/i, "unpack it"],
  [/\.(pkl|pickle)$/i, 'write it from Python: pandas.read_pickle("FILE").to_csv("table.csv", index=False)'],
  [/\.(rds|rdata|sav|dta)$/i, 'write it from R: write.csv(table, "table.csv", row.names = FALSE)'],
];

/** The error of a file that no reader takes. `expected`: the kinds that there are readers for. */
export const unknownKind = (name: string, expected: string): DataError =>
  new DataError(
    `${name}: a file of an unknown kind, expected ${expected}\n${remedies.find(([ending]) => ending.test(name))?.[1] ?? "write it as one of these"}`,
  );
