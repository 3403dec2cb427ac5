import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FlowifyError, UsageError, zooNames } from "@flowify/core";
import { type BenchResult, benchNetwork } from "./network.js";
import { profileNetwork, showProfile } from "./profile.js";

const help = `Times one whole training step of a network (batch 128: data, noise, loss, gradient, update) and
prints a line of JSON a network. Every time is also given in g, the 1024 x 1024 x 1024 float32 product
in ONNX Runtime, measured between the steps of the same run.

  npm run bench -- fmlp              one network of MNIST
  npm run bench -- mnist/fmlp --json only JSON lines on standard output
  npm run bench -- --all             every network, each in a process of its own
  --steps N                          counted steps (default 40)
  --data-dir DIR                     where the files of cifar10 are
  --profile                          where the time of a step goes: by kind of work, by primitive, by equation`;

/** `fmlp` is short for `mnist/fmlp`. */
function fullName(name: string): string {
  const full = name.includes("/") ? name : `mnist/${name}`;
  if (!zooNames.includes(full))
    throw new UsageError(`there is no network "${name}"; there are ${zooNames.join(", ")}`);
  return full;
}

const describe = (r: BenchResult): string =>
  `${r.network}: ${r.stepPerG.toFixed(2)} g a step (${r.stepMs.toFixed(1)} ms, g ${r.gMs.toFixed(2)} ms), ` +
  `${(100 * r.fraction).toFixed(0)} % of it is the counted floor; trace + compile ` +
  `${(r.traceMs + r.compileMs).toFixed(0)} ms, peak ${r.peakRssMb.toFixed(0)} MB`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      steps: { type: "string", default: "40" },
      "data-dir": { type: "string" },
    },
  });
  if (values.help || (!values.all && positionals.length === 0)) {
    process.stdout.write(`${help}\n`);
    return values.help ? 0 : 2;
  }
  const steps = Number(values.steps);
  if (!Number.isInteger(steps) || steps < 5) throw new UsageError(`--steps must be an integer of at least 5`);
  const names = values.all ? [...zooNames] : positionals.map(fullName);
  if (names.length === 1 && values.profile) {
    const profile = await profileNetwork(names[0] as string, steps, values["data-dir"]);
    process.stdout.write(`${values.json ? JSON.stringify(profile) : showProfile(profile)}\n`);
    return 0;
  }
  if (names.length === 1) {
    const result = await benchNetwork(names[0] as string, steps, values["data-dir"]);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if (!values.json) process.stderr.write(`${describe(result)}\n`);
    return 0;
  }
  // a process each, so that the peak of memory is the network's own
  let failed = 0;
  for (const name of names) {
    const place = values["data-dir"] === undefined ? [] : ["--data-dir", values["data-dir"]];
    const script = fileURLToPath(import.meta.url);
    const profile = values.profile ? ["--profile"] : [];
    const args = [...process.execArgv, script, name, "--steps", String(steps), ...place, ...profile];
    const child = spawnSync(process.execPath, values.json ? [...args, "--json"] : args, { stdio: "inherit" });
    if (child.status !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const known =
    error instanceof FlowifyError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = error instanceof FlowifyError && error.code !== "USAGE" ? 1 : 2;
}
