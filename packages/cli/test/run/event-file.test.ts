import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withEventFile } from "../../src/runs/event-file.js";
import { openMetrics } from "../../src/runs/metrics.js";
import { runCommand } from "../run-command.js";
import { metricsOf, writeSmallData } from "../small-run.js";
import { temporaryFolder } from "../temporary-folder.js";
import { eventsOf, maskedChecksum } from "./event-records.js";

const root = temporaryFolder();
const written = (folder: string) =>
  readdirSync(folder)
    .sort()
    .flatMap((name) => eventsOf(readFileSync(join(folder, name))));

describe("an event file", () => {
  it("has the checksum of RFC 3720, masked", () => {
    const unmasked = (masked: number): number => {
      const turned = (masked - 0xa282ead8) >>> 0;
      return ((turned >>> 17) | (turned << 15)) >>> 0;
    };
    // appendix B.4: 32 bytes of 0, of 1, and 0 to 31
    expect(unmasked(maskedChecksum(new Uint8Array(32)))).toBe(0x8a9136aa);
    expect(unmasked(maskedChecksum(new Uint8Array(32).fill(255)))).toBe(0x62a8ab43);
    expect(unmasked(maskedChecksum(Uint8Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e);
  });

  it("begins with its version and a start, and voids later steps after a return", () => {
    const folder = join(root, "alone");
    const metrics = join(root, "metrics.jsonl");
    const log = withEventFile(openMetrics(metrics), folder, { taken: 0, now: () => 1_700_000_000_500 });
    log.append({ step: 1, epoch: 1, loss: 2.5, bpd: 0.5, lr: 0.25, seconds: 3 });
    log.append({ step: 300, split: "test", bpd: 4, ledger: { "linear[2]": -0.75 } });
    log.rewind(0, []);
    log.append({ step: 0, failed: 301, layer: "gradient", until: 401 });
    log.append({ step: 1, bpd: 0.25 });
    log.close();
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^events\.out\.tfevents\.1700000000\./);
    const at = { wallTime: 1_700_000_000.5 };
    expect(written(folder)).toEqual([
      { ...at, step: 0, version: "brain.Event:2", scalars: {} },
      { ...at, step: 1, started: true, scalars: {} },
      { ...at, step: 1, scalars: { "loss/train": 2.5, "bpd/train": 0.5, "lr/train": 0.25 } },
      { ...at, step: 300, scalars: { "bpd/test": 4, "ledger_test/linear[2]": -0.75 } },
      { ...at, step: 1, started: true, scalars: {} },
      { ...at, step: 1, scalars: { "bpd/train": 0.25 } },
    ]);
    expect(metricsOf(root)).toHaveLength(2);
  });
});

it("flowify train --tensorboard writes one a process, with the figures of the metrics", async () => {
  const { data, network } = writeSmallData(root);
  const folder = join(root, "run");
  const options = ["--data", data, "--network", network, "--batch", "64", "--steps", "4"];
  const args = ["train", ...options, "--out", folder, "--pictures", "none", "--tensorboard"];
  expect(await runCommand(args)).toMatchObject({ status: 0 });
  const events = written(join(folder, "tensorboard"));
  const bpd = (place: string): [number, number][] =>
    events.flatMap(({ step, scalars }) => {
      const value = scalars[`bpd/${place}`];
      return value === undefined ? [] : [[step, value]];
    });
  const lines = metricsOf(folder);
  const logged = (split: string | undefined) =>
    lines
      .filter((line) => line.split === split)
      .map(({ step, bpd: value }) => [step, Math.fround(Number(value))]);
  expect(bpd("train")).toEqual(logged(undefined));
  expect(bpd("test")).toEqual(logged("test"));
  const layers = Object.keys(events.at(-1)?.scalars ?? {}).filter((tag) => tag.startsWith("ledger_test/"));
  expect(layers.map((tag) => tag.slice("ledger_test/".length))).toEqual(
    Object.keys(lines.at(-1)?.ledger as object),
  );

  // a run in its place begins anew
  expect(await runCommand([...args, "--force"])).toMatchObject({ status: 0 });
  expect(written(join(folder, "tensorboard"))).toHaveLength(events.length);
}, 60_000);
