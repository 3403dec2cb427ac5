/**
 * Tests whether the tests detect wrong formulas. Copies the last commit to a scratch folder, changes one sign or drops
 * one term at a time, and runs the law suite, or for the lowering its tests. Prints the first failing test of each
 * mutation, and at last how many there were; exit status 1 if no test detects one of them.
 *
 *     npm run mutate -- [WORD] [FROM]   only mutations with the word in their file, without the first FROM
 *     npm run mutate -- jax-to-onnx     those of the lowering; `layers` for the others
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
import { mutationSets } from "./all-mutations.js";
import type { Mutation } from "./mutations.js";

const root = resolve(import.meta.dirname, "..");

/** The last commit in a separate folder, with links to the installed packages. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "mutate-"));
  const archive = execFileSync("git", ["archive", "HEAD"], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  mkdirSync(join(folder, "node_modules/@flowify"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== "@flowify" && name !== "jax-to-onnx")
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  for (const name of ["core", "onnx"])
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules/@flowify", name));
  symlinkSync(join(folder, "packages/jax-to-onnx"), join(folder, "node_modules/jax-to-onnx"));
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
    env: { ...process.env, FLOWIFY_SEED: "1" },
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
const queue = mutationSets
  .flatMap(({ name, folder, mutations }) => mutations.map((each) => ({ ...each, set: name, place: folder })))
  .filter(({ set, file }) => `${set}/${file}`.includes(word))
  .slice(Number(process.argv[3] ?? 0));
const count = queue.length;
let survived = 0;

async function work(): Promise<void> {
  const folder = scratch();
  try {
    for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
      const { file, from, to, place } = mutation;
      const path = join(folder, place, file);
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
console.log(`${count} mutations, ${survived} survived`);
process.exitCode = survived > 0 || count === 0 ? 1 : 0;
