import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PictureError } from "../../src/pictures/render.js";
import { openMetrics, rewindMetrics, withoutTimes } from "../../src/runs/metrics.js";
import { orWithout } from "../../src/training/run-pictures.js";
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
    expect(rewindMetrics(path, 3, [{ step: 3, loss: 1 / 3 }])).toEqual({
      dropped: 2,
      restored: 0,
      missing: false,
    });
    const log = openMetrics(path);
    log.append({ step: 4, loss: 1 / 4 });
    log.append({ step: 5, loss: 1 / 5 });
    log.close();
    expect(readFileSync(path, "utf8")).toBe(readFileSync(logOf("whole", 5), "utf8"));
  });

  it("loses a torn last line of a later step", () => {
    const path = logOf("torn", 3);
    appendFileSync(path, '{"step":4,"lo');
    expect(rewindMetrics(path, 3, [{ step: 3, loss: 1 / 3 }])).toEqual({
      dropped: 0,
      restored: 0,
      missing: false,
    });
    expect(readFileSync(path, "utf8")).toBe(readFileSync(logOf("three", 3), "utf8"));
  });

  it("gets back the lines of the checkpoint's own step", () => {
    const path = logOf("own", 3);
    const evaluation = { step: 3, split: "test", bpd: 4 };
    appendFileSync(path, JSON.stringify(evaluation));
    const records = [{ step: 3, loss: 1 / 3 }, evaluation];
    expect(rewindMetrics(path, 3, records)).toEqual({ dropped: 0, restored: 1, missing: false });
    truncateSync(path, readFileSync(logOf("two", 2)).length + 4);
    expect(rewindMetrics(path, 3, records)).toEqual({ dropped: 0, restored: 2, missing: false });
    expect(readFileSync(path, "utf8")).toBe(
      `${readFileSync(logOf("three-more", 3), "utf8")}${JSON.stringify(evaluation)}\n`,
    );
  });

  it.each([
    ["a missing log", undefined, 0],
    ["an empty log", "", 0],
    ["lines of something else", "null\n{}\n[1]\n", 3],
    ["a line whose ledger is null", '{"step":1,"split":"test","bpd":4,"ledger":null}\n', 1],
  ])("stands %s, and tells what is missing", (name, content, dropped) => {
    const path = join(folder, name.replaceAll(" ", "-"));
    if (content !== undefined) writeFileSync(path, content);
    expect(rewindMetrics(path, 5, [])).toEqual({ dropped, restored: 0, missing: true });
    expect(rewindMetrics(path, 0, [])).toEqual({ dropped: 0, restored: 0, missing: false });
  });

  it("is compared without the fields that depend on the clock", () => {
    expect(withoutTimes({ step: 1, loss: 2, seconds: 3, imagesPerSecond: 4 })).toEqual({ step: 1, loss: 2 });
  });
});

describe("the pictures of a run", () => {
  const without = (failure: Error, note: (line: string) => void) =>
    orWithout({ note }, "the pictures of epoch 1", () => Promise.reject(failure));

  it("are left out where they cannot be drawn", async () => {
    const notes: string[] = [];
    expect(await without(new PictureError("no picture"), (line) => notes.push(line))).toBeUndefined();
    expect(notes).toEqual(["the pictures of epoch 1 could not be drawn: no picture"]);
  });

  it("do not hide any other failure", async () => {
    await expect(without(new TypeError("a defect"), () => undefined)).rejects.toThrow("a defect");
  });
});
