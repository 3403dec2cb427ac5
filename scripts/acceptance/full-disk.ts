import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Check, equal, type Row } from "./check.js";
import { runToEnd } from "./node.js";

const flowify = "packages/cli/bin/flowify.js";
const STEPS = 60;
const EVERY = 10;
const MEGABYTES = 4;

/** A few hundred parameters: the disk has room for many of its checkpoints. */
const network = {
  inShape: [1, 28, 28],
  layers: [{ kind: "dequantize" }, { kind: "conv2d", out: 16, kernel: 4, stride: 4 }, { kind: "rqSpline" }],
};

/** Files of the checkpoint of a step, by name. */
function checkpointOf(run: string, step: number): Map<string, Buffer> {
  const folder = join(run, "checkpoints");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const mine = names.filter((name) => name.startsWith(`step-${String(step).padStart(9, "0")}.`));
  return new Map(mine.map((name) => [name, readFileSync(join(folder, name))]));
}

const same = (a: Map<string, Buffer>, b: Map<string, Buffer>): boolean =>
  a.size > 0 && a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes));

/** Fills the file system of a file. */
export function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(65_536));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

/**
 * Fills a real file system of 4 MB to the last byte during a run: the run reports it, its newest checkpoint stays
 * intact, and after freeing space the run ends in the same state as an undisturbed one, bit for bit.
 */
export const fullDisk: Check = {
  name: "full-disk",
  needs: [],
  run: ({ scratch, say }) => onSmallDisk(scratch, MEGABYTES, (disk) => trial(scratch, disk, say)),
};

type Rows = { [what: string]: Row };

/** Mounts a file system of so many megabytes for a trial. */
export async function onSmallDisk(
  scratch: string,
  megabytes: number,
  tried: (disk: string) => Promise<Rows>,
): Promise<Rows> {
  const disk = join(scratch, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "flowify", disk], { stdio: "pipe" });
  } catch {
    const figure = "mounting needs root; npm test injects ENOSPC into the system calls";
    return { "a file system": { figure, limit: "", verdict: "open" } };
  }
  try {
    return await tried(disk);
  } finally {
    execFileSync("umount", [disk]);
  }
}

async function trial(scratch: string, disk: string, say: (text: string) => void): Promise<Rows> {
  const net = join(scratch, "net.json");
  writeFileSync(net, JSON.stringify(network));
  const train = (out: string) => {
    const size = ["--limit", "2560", "--steps", String(STEPS), "--checkpoint-every", String(EVERY)];
    const quick = ["--pictures", "none", "--evaluate-every", "100", "--out", out];
    return runToEnd(flowify, ["train", "--network", net, ...size, ...quick]);
  };
  const [whole, run, filler] = [join(scratch, "whole"), join(disk, "run"), join(disk, "filler")];
  say("an undisturbed run");
  const undisturbed = await train(whole);
  say("the same on the small disk, filled after the second checkpoint");
  const going = train(run);
  while (checkpointOf(run, EVERY).size < 2) await wait(5);
  fill(filler);
  const full = await going;
  const ended = checkpointOf(run, STEPS).size > 0;
  rmSync(filler);
  say("after freeing space");
  const resumed = await runToEnd(flowify, ["train", "--resume", run]);
  return {
    "undisturbed, full, resumed: exit status": equal(
      [undisturbed, full, resumed].map((each) => each.status).join(", "),
      "0, 1, 0",
    ),
    "last checkpoint written while the disk is full": equal(String(ended), "false"),
    "last checkpoint after --resume, bit for bit": equal(
      String(same(checkpointOf(run, STEPS), checkpointOf(whole, STEPS))),
      "true",
    ),
  };
}
