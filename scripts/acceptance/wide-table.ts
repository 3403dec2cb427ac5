import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { makeRng } from "@flowify/core/layer";

const COLUMNS = 10;
const AT_ONCE = 10_000;

/** Writes a CSV file of so many rows of ten correlated columns. */
export async function writeRows(file: string, rows: number, seed: number): Promise<void> {
  const rng = makeRng(seed);
  const out = createWriteStream(file);
  out.write(`${Array.from({ length: COLUMNS }, (_, i) => `x${i}`).join(",")}\n`);
  for (let done = 0; done < rows; done += AT_ONCE) {
    let text = "";
    for (let i = done; i < Math.min(rows, done + AT_ONCE); i++) {
      const common = rng.normal();
      const cells = Array.from({ length: COLUMNS }, () => (common + 0.5 * rng.normal()).toFixed(4));
      text += `${cells.join(",")}\n`;
    }
    if (!out.write(text)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}
