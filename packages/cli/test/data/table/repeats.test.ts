import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "../../run-command.js";
import { temporaryFolder } from "../../temporary-folder.js";

const path = join(temporaryFolder(), "orders.csv");

async function described(rows: readonly string[]): Promise<string> {
  writeFileSync(path, `order_id,amount,shop\n${rows.join("\n")}\n`);
  return (await runCommand(["data", "describe", path])).stdout;
}

const rows = Array.from({ length: 60 }, (_, i) => `X${i},${i / 4},${i % 3 ? "web" : "north"}`);

it("an id that occurs twice is said, and a row that occurs twice", async () => {
  const text = await described([...rows, "X7,99,web", rows[3]!]);
  expect(text).toContain(
    '"order_id": each of 2 rows holds a value that occurs before: row 61 holds "X7"; row 62 holds "X3"',
  );
  expect(text).toContain("1 row is the same as an earlier one: row 62");
});

it("nothing is said where ids and rows differ, nor of a key that many rows share", async () => {
  expect(await described(rows)).not.toContain("earlier one");
  expect(await described(rows)).not.toContain("occurs before");
  expect(await described(rows.map((row, i) => row.replace(/^X\d+/, `X${i % 4}`)))).not.toContain(
    "occurs before",
  );
});
