import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openMetrics, truncateMetrics } from "../../src/run/metrics.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();

function logOf(name: string, steps: number): string {
  const path = join(folder, name);
  const log = openMetrics(path);
  for (let step = 1; step <= steps; step++) log.append({ step, loss: 1 / step });
  log.sync();
  log.close();
  return path;
}

describe("metrics.jsonl", () => {
  it("has a line of JSON a record", () => {
    expect(readFileSync(logOf("plain", 2), "utf8")).toBe('{"step":1,"loss":1}\n{"step":2,"loss":0.5}\n');
  });

  it("is cut back to the step of a checkpoint, and goes on from there", () => {
    const path = logOf("cut", 5);
    expect(truncateMetrics(path, 3)).toEqual({ dropped: 2, torn: false });
    const log = openMetrics(path);
    log.append({ step: 4, loss: 1 / 4 });
    log.append({ step: 5, loss: 1 / 5 });
    log.close();
    expect(readFileSync(path, "utf8")).toBe(readFileSync(logOf("whole", 5), "utf8"));
  });

  it("loses a torn last line", () => {
    const path = logOf("torn", 3);
    appendFileSync(path, '{"step":4,"lo');
    expect(truncateMetrics(path, 9)).toEqual({ dropped: 0, torn: true });
    expect(readFileSync(path, "utf8")).toBe(readFileSync(logOf("three", 3), "utf8"));
  });

  it.each([
    ["a missing log", undefined, 0],
    ["an empty log", "", 0],
    ["lines of something else", "null\n{}\n[1]\n", 3],
  ])("stands %s", (name, content, dropped) => {
    const path = join(folder, name.replaceAll(" ", "-"));
    if (content !== undefined) writeFileSync(path, content);
    expect(truncateMetrics(path, 1)).toEqual({ dropped, torn: false });
  });
});
