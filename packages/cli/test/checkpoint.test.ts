import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CheckpointError, HostArray } from "@flowify/core";
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../src/runs/checkpoint.js";
import {
  bestCheckpoint,
  latestCheckpoint,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  removeStart,
  writeCheckpoint,
} from "../src/runs/saved-checkpoints.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const float32 = "float32" as HostArray["dtype"];
let made = 0;

const checkpointOf = (step: number): Checkpoint => ({
  network: "mnist/fmlp",
  state: {
    arrays: {
      "params.0.weight": new HostArray(Float32Array.of(1, 2, 3, step), [2, 2], float32),
      drift: new HostArray(Float32Array.of(0), [], float32),
    },
    step,
    seed: 7,
  },
  metrics: [{ step, loss: 0.1, split: "test" }],
});

async function folderWith(...steps: number[]): Promise<string> {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  for (const step of steps) await writeCheckpoint(folder, checkpointOf(step));
  return folder;
}

const refusal = async (path: string, network?: string): Promise<string> => {
  const error = await readCheckpoint(path, network).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as Error).message;
};

describe("a checkpoint", () => {
  it("is read back as it was written, and equal states give equal bytes", async () => {
    const [first, second] = [await folderWith(469), await folderWith(469)];
    const path = join(first, "step-000000469.json");
    expect(await readCheckpoint(path, "mnist/fmlp")).toEqual(checkpointOf(469));
    for (const name of readdirSync(first)) {
      expect(readFileSync(join(first, name))).toEqual(readFileSync(join(second, name)));
    }
  });

  it("says that it was cut short, missing, of another network or version, and what to do", async () => {
    const folder = await folderWith(1);
    const path = join(folder, "step-000000001.json");
    const data = join(folder, "step-000000001.safetensors");
    const text = readFileSync(path, "utf8");
    const hint = "\nuse an older checkpoint of the run, or train again";
    expect(await refusal(path, "mnist/fconv1")).toBe(
      `${path}: a checkpoint of network mnist/fmlp, expected mnist/fconv1\nchoose the network of the checkpoint`,
    );
    writeFileSync(path, text.replace('"version": 2', '"version": 3'));
    expect(await refusal(path)).toBe(
      `${path}: a checkpoint of version 3, expected version 2\ninstall the version of flowify that wrote it`,
    );
    writeFileSync(path, text.slice(0, 100));
    expect(await refusal(path)).toBe(`${path}: not JSON: cut short or damaged${hint}`);
    writeFileSync(path, text.replace('"step": 1,', '"step": 2,'));
    expect(await refusal(path)).toContain("contradict each other");
    writeFileSync(path, text.replace("step-000000001.safetensors", "../../secret"));
    expect(await refusal(path)).toContain('refers to the file "../../secret"');
    writeFileSync(path, text.replace(/"bytes": \d+/, '"bytes": "many"'));
    expect(await refusal(path)).toContain("damaged: invalid: bytes");
    writeFileSync(path, text);
    const whole = readFileSync(data).length;
    truncateSync(data, whole - 1);
    expect(await refusal(path)).toBe(`${data}: cut short: ${whole - 1} bytes, expected ${whole}${hint}`);
    rmSync(data);
    expect(await refusal(path)).toBe(`${data}: missing${hint}`);
  });

  it("keeps its rollbacks", async () => {
    const folder = join(root, String(made++));
    mkdirSync(folder);
    const state = {
      ...checkpointOf(9).state,
      rollbacks: [{ failed: 12, layer: "linear[1]", to: 8, until: 112 }],
    };
    const path = await writeCheckpoint(folder, { ...checkpointOf(9), state });
    expect((await readCheckpoint(path)).state).toEqual(state);
  });

  it("is never read with a flipped byte, wherever it is", async () => {
    const folder = await folderWith(1);
    const path = join(folder, "step-000000001.json");
    for (const name of readdirSync(folder)) {
      const good = readFileSync(join(folder, name));
      for (let at = 0; at < good.length; at++) {
        const bad = Buffer.from(good);
        bad[at]! ^= 1 << (at % 8);
        writeFileSync(join(folder, name), bad);
        const read = await readCheckpoint(path, "mnist/fmlp").catch((error: unknown) => error);
        // White space of the JSON file may change without harm; then everything read is as written.
        const refused = read instanceof CheckpointError;
        expect(refused || isDeepStrictEqual(read, checkpointOf(1)), `${name}, byte ${at}`).toBe(true);
      }
      writeFileSync(join(folder, name), good);
    }
  });

  it("of another run under its name is found out", async () => {
    const [folder, other] = [await folderWith(1), await folderWith(2)];
    renameSync(join(other, "step-000000002.safetensors"), join(folder, "step-000000001.safetensors"));
    expect(await refusal(join(folder, "step-000000001.json"))).toContain(
      "damaged: its sha256 differs from the one in",
    );
  });
});

describe("the checkpoints of a run", () => {
  it("are found newest first; a damaged one is passed over and reported", async () => {
    const folder = await folderWith(5, 1000, 20);
    const damaged = join(folder, "step-000001000.safetensors");
    truncateSync(damaged, 10);
    const { checkpoint, path, skipped } = await latestCheckpoint(folder, "mnist/fmlp");
    expect(checkpoint.state.step).toBe(20);
    expect(path).toBe(join(folder, "step-000000020.json"));
    expect(skipped.map(({ message }) => message.split("\n")[0])).toEqual([
      expect.stringContaining(`${damaged}: cut short`),
    ]);
  });

  it("are missed where there is none, and the newest is blamed where none is good", async () => {
    const empty = await folderWith();
    await expect(latestCheckpoint(empty)).rejects.toThrow(
      `no checkpoint: the run stopped before its first one\nflowify train --resume ${dirname(empty)} begins the run again`,
    );
    await expect(latestCheckpoint(await folderWith(1, 2), "mnist/other")).rejects.toThrow(
      "step-000000002.json: a checkpoint of network mnist/fmlp, expected mnist/other",
    );
  });

  it("are cut back to the newest", async () => {
    const folder = await folderWith(1, 2, 3, 4);
    await pruneCheckpoints(folder, 2);
    expect((await listCheckpoints(folder)).length).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(
      [3, 4].flatMap((step) => [`step-00000000${step}.json`, `step-00000000${step}.safetensors`]),
    );
  });

  it("keep the start and the best, and choose the start where the gain of the best may be chance", async () => {
    const measured = (step: number, nll: number, gainStdErr?: number): Checkpoint => ({
      ...checkpointOf(step),
      metrics: [{ step, split: "validation", nll, ...(gainStdErr !== undefined && { gainStdErr }) }],
    });
    const written = async (gainStdErr: number): Promise<string> => {
      const folder = join(root, `measured-${made++}`);
      mkdirSync(folder);
      const all = [measured(0, 3), measured(1, 2.9, gainStdErr), measured(2, 3.1), measured(3, 3.2)];
      for (const checkpoint of all) await writeCheckpoint(folder, checkpoint);
      await pruneCheckpoints(folder, 1);
      return folder;
    };
    const [lucky, better] = [await written(0.2), await written(0.05)];
    for (const folder of [lucky, better])
      expect((await listCheckpoints(folder)).map((path) => Number(path.slice(-6, -5)))).toEqual([3, 1, 0]);
    expect((await bestCheckpoint(lucky))?.step).toBe(0);
    expect((await bestCheckpoint(better))?.step).toBe(1);
    await removeStart(lucky);
    await removeStart(better);
    expect((await bestCheckpoint(lucky))?.step).toBe(0);
    expect((await listCheckpoints(better)).length).toBe(2);
  });
});
