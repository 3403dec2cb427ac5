/**
 * Kills training runs and resumes them, and compares what they leave with a run that was never stopped: checkpoints byte
 * for byte, metrics but for times. Each run is killed twice: once from outside at a random moment, once by a power cut
 * at a random operation on a file (see power-cut.ts). After each, every checkpoint that is there must be whole.
 *
 *     npm run crash-test -- 30               thirty runs; exit status 1 where one differs
 *     --seed N                               of the moments (default 1)
 *     --device native|wasm                   default native
 *     --lr X                                 step size; at 30 every run goes back to a checkpoint once
 *     --fault no-sync|no-rename              with a fault in the way files are written: must be found, or exit status 1
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeRng } from "@flowify/core/layer";
import { readCheckpoint } from "../../packages/cli/src/runs/saved-checkpoints.js";
import { metricsOf, writeSmallData } from "../../packages/cli/test/small-run.js";

const root = resolve(import.meta.dirname, "../..");
const command = join(root, "packages/cli/bin/flowify.js");
const powerCut = join(root, "test/crash/power-cut.ts");
const STEPS = 16;

type Ending = Readonly<{ killed: boolean; seconds: number; refused?: string }>;

/** Runs the command; `after` kills it that many seconds later. */
function run(args: readonly string[], env: Record<string, string>, after?: number): Promise<Ending> {
  return new Promise((done) => {
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    const child = spawn(process.execPath, [...process.execArgv, powerCut, command, ...args, "--quiet"], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after * 1000);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") done({ killed: true, seconds: seconds() });
      else
        done({
          killed: false,
          seconds: seconds(),
          ...(code !== 0 && { refused: `status ${code}: ${said.trim()}` }),
        });
    });
  });
}

/** Every file of the checkpoints, by name. */
const checkpointBytes = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(join(folder, "checkpoints"))
      .sort()
      .map((name) => [name, readFileSync(join(folder, "checkpoints", name)).toString("base64")]),
  );

/** What is wrong with the checkpoints of a run that was killed. */
async function tornCheckpoints(folder: string): Promise<string[]> {
  const checkpoints = join(folder, "checkpoints");
  if (!existsSync(checkpoints)) return [];
  const found: string[] = [];
  for (const name of readdirSync(checkpoints).filter((file) => /^step-\d+\.json$/.test(file)))
    try {
      await readCheckpoint(join(checkpoints, name));
    } catch (error) {
      found.push((error as Error).message.split("\n")[0] as string);
    }
  return found;
}

function differences(whole: string, folder: string): string[] {
  const found: string[] = [];
  const [expected, got] = [checkpointBytes(whole), checkpointBytes(folder)];
  if ([...expected.keys()].join() !== [...got.keys()].join())
    found.push(`checkpoints ${[...got.keys()].join(", ")} in place of ${[...expected.keys()].join(", ")}`);
  for (const [name, bytes] of expected)
    if (got.has(name) && got.get(name) !== bytes) found.push(`${name} differs`);
  if (JSON.stringify(metricsOf(whole)) !== JSON.stringify(metricsOf(folder))) found.push("metrics differ");
  return found;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      device: { type: "string", default: "native" },
      lr: { type: "string", default: "0.001" },
      fault: { type: "string" },
    },
  });
  const [count, seed] = [Number(positionals[0] ?? 30), Number(values.seed)];
  const scratch = mkdtempSync(join(tmpdir(), "flowify-crash-"));
  try {
    const { data, network } = writeSmallData(scratch, "recipe");
    const training = ["--data", data, "--network", network, "--batch", "64", "--steps", String(STEPS)];
    const care = [
      "--ema",
      "0.9",
      "--flip",
      "--validation",
      "56",
      "--seed",
      "3",
      "--pictures",
      "last",
      "--warmup",
      "1",
      "--lr",
      values.lr,
    ];
    const often = ["--checkpoint-every", "4", "--evaluate-every", "2", "--device", values.device];
    const begin = (folder: string) => ["train", ...training, ...care, ...often, "--out", folder];
    const whole = join(scratch, "whole");
    const counted = join(scratch, "operations");
    const { seconds, refused: broken } = await run(begin(whole), { CRASH_COUNT: counted });
    if (broken !== undefined) throw new Error(`the undisturbed run ended with ${broken}`);
    const operations = Number(readFileSync(counted, "utf8"));
    process.stdout.write(
      `seed ${seed}, ${values.device}: ${STEPS} steps, ${operations} operations on files, ${seconds.toFixed(1)} s undisturbed\n`,
    );
    const random = makeRng(seed);
    let bad = 0;
    for (let index = 0; index < count; index++) {
      const folder = join(scratch, `run-${index}`);
      const next = () =>
        existsSync(join(folder, "config.json"))
          ? ["train", "--resume", folder]
          : [...begin(folder), "--force"];
      const moment = seconds * random.uniform();
      const operation = 1 + random.integer(operations);
      const env = {
        CRASH_AT: String(operation),
        CRASH_SEED: String(seed * 1000 + index),
        ...(values.fault !== undefined && { CRASH_FAULT: values.fault }),
      };
      const wrong: string[] = [];
      const cut = await run(next(), env);
      wrong.push(...(await tornCheckpoints(folder)));
      const timed = await run(next(), {}, moment);
      wrong.push(...(await tornCheckpoints(folder)));
      const last = await run(next(), {});
      const refused = [cut, timed, last].flatMap((ending) => ending.refused ?? []);
      wrong.push(...(refused.length > 0 ? refused : differences(whole, folder)));
      if (wrong.length > 0) bad++;
      const kills = `${cut.killed ? `power cut at operation ${operation}` : "no power cut"}, ${timed.killed ? `killed after ${moment.toFixed(2)} s` : "not killed"}`;
      process.stdout.write(
        `${wrong.length === 0 ? "equal" : "BAD  "}  run ${index + 1}: ${kills}${wrong.map((line) => `\n       ${line}`).join("")}\n`,
      );
      rmSync(folder, { recursive: true, force: true });
    }
    process.stdout.write(`${count - bad} of ${count} runs are as if never stopped\n`);
    if (values.fault === undefined) return bad === 0 ? 0 : 1;
    process.stdout.write(`the fault ${values.fault} was ${bad > 0 ? "found" : "NOT found"}\n`);
    return bad > 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main();
