/**
 * Tests whether the law suite detects wrong formulas. Copies the last commit to a scratch folder, changes one sign or
 * drops one term at a time, and runs the laws. Prints one line per mutation with the first failing test; exit status 1
 * if none fails.
 *
 *     node --import tsx scripts/mutate.ts [WORD] [FROM]   only mutations with the word in their file, without the first FROM
 */
import { execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Mutation, mutations } from "./mutations.js";
import { imageMutations } from "./mutations-images.js";
import { networkMutations } from "./mutations-networks.js";

const root = resolve(import.meta.dirname, "..");

/** The last commit in a separate folder, with links to the installed packages. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "mutate-"));
  const archive = execFileSync("git", ["archive", "HEAD"], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  mkdirSync(join(folder, "node_modules/@flowify"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== "@flowify")
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  for (const name of ["core", "onnx"])
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules/@flowify", name));
  return folder;
}

type Report = {
  testResults: { assertionResults: { status: string; fullName: string }[]; message: string }[];
};

/** Runs tests; the name of the first that fails, or undefined. */
async function firstFailure(folder: string, { tests, only }: Mutation): Promise<string | undefined> {
  const output = join(folder, "report.json");
  rmSync(output, { force: true });
  // a slow machine does not mean a wrong formula
  const args = [
    "run",
    "--bail=1",
    "--testTimeout=600000",
    "--reporter=json",
    `--outputFile=${output}`,
    ...tests,
  ];
  const child = spawn(join(root, "node_modules/.bin/vitest"), [...args, ...(only ? ["-t", only] : [])], {
    cwd: folder,
    stdio: "ignore",
  });
  const status = await new Promise<number>((done) => child.on("close", (code) => done(code ?? 1)));
  if (status === 0) return undefined;
  const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Report;
  const failed = testResults
    .flatMap((file) => file.assertionResults)
    .find((test) => test.status === "failed");
  return failed?.fullName ?? testResults.find((file) => file.message)?.message ?? "the run was aborted";
}

const word = process.argv[2] ?? "";
const queue = [...mutations, ...imageMutations, ...networkMutations]
  .filter(({ file }) => file.includes(word))
  .slice(Number(process.argv[3] ?? 0));
let survived = 0;

async function work(): Promise<void> {
  const folder = scratch();
  try {
    for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
      const { file, from, to } = mutation;
      const path = join(folder, "packages/core/src", file);
      const text = readFileSync(path, "utf8");
      const missing = text.split(from).length !== 2;
      if (!missing)
        writeFileSync(
          path,
          text.replace(from, () => to),
        );
      const caught = missing ? undefined : await firstFailure(folder, mutation);
      writeFileSync(path, text);
      if (!caught) survived++;
      const verdict = missing ? "NOT FOUND ONCE" : caught ? `caught by: ${caught}` : "SURVIVED";
      console.log(`${file}: ${from.trim()} → ${to.trim() || "nothing"}\n    ${verdict}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await Promise.all([work(), work()]);
console.log(`${survived} survived`);
process.exitCode = survived > 0 ? 1 : 0;
