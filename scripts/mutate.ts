/**
 * Tests whether the tests detect wrong formulas. Copies the last commit to a scratch folder, changes one sign, factor or
 * comparison at a time (`mutations.ts`), and runs the law suite of the layer, or for the lowering its tests. Prints the
 * first failing test of each mutation, and at last how many no test detected. Some of these change no number: an
 * `x - 0`, a size that only sets the order of work.
 *
 *     npm run mutate -- WORD [COUNT]    files of layers, densities, passes and rules with the word in their path;
 *                                       at most COUNT mutations of each file, evenly spread (default 10)
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
import { basename, join, resolve } from "node:path";
import { filesIn } from "./imports/read-source.js";
import { applied, type Mutation, mutationsOf } from "./mutations.js";

const root = resolve(import.meta.dirname, "..");

const laws = ["core/test/laws/", "densities/"];
/** Tests of the files in a folder, by a part of their path; of the laws those of the layer. */
const tests: Readonly<Record<string, readonly string[]>> = {
  "packages/core/src/layers": [...laws, "core/test/layers/"],
  "packages/core/src/densities": [...laws, "core/test/densities"],
  "packages/core/src/math": ["core/test/math/", ...laws],
  "packages/core/src/train": ["core/test/train/"],
  "packages/core/src/init": ["layers/init.test", "moments"],
  "packages/jax-to-onnx/src/passes": ["jax-to-onnx/test/"],
  "packages/jax-to-onnx/src/rules": ["jax-to-onnx/test/"],
};

/** The last commit in a separate folder, with links to the installed packages. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "mutate-"));
  const archive = execFileSync("git", ["archive", "HEAD"], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  mkdirSync(join(folder, "node_modules/@flowify"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== "@flowify" && name !== "jax-to-onnx")
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  for (const name of ["core", "onnx", "compress"])
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules/@flowify", name));
  symlinkSync(join(folder, "packages/jax-to-onnx"), join(folder, "node_modules/jax-to-onnx"));
  return folder;
}

type Report = {
  testResults: { assertionResults: { status: string; fullName: string }[]; message: string }[];
};

/** Runs tests; the name of the first that fails, or undefined. */
async function firstFailure(folder: string, place: string, file: string): Promise<string | undefined> {
  // the laws of a layer alone: its tests have its name
  const name = basename(file, ".ts").replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const only = /core\/src\/(layers|densities)/.test(place) ? ["-t", name] : [];
  const output = join(folder, "report.json");
  rmSync(output, { force: true });
  // a slow machine does not mean a wrong formula
  const args = [
    "run",
    "--bail=1",
    "--testTimeout=600000",
    "--reporter=json",
    `--outputFile=${output}`,
    ...(tests[place] ?? []),
  ];
  const child = spawn(join(root, "node_modules/.bin/vitest"), [...args, ...only], {
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

const [word = "", most = "10"] = process.argv.slice(2);
type Task = Readonly<{ place: string; file: string; mutation: Mutation }>;
const queue: Task[] = Object.keys(tests).flatMap((place) =>
  filesIn(root, place)
    .filter((file) => file.includes(word))
    .flatMap((file) => {
      const all = mutationsOf(execFileSync("git", ["show", `HEAD:${file}`], { cwd: root, encoding: "utf8" }));
      const stride = Math.max(1, all.length / Number(most));
      const chosen = Array.from(
        { length: Math.min(all.length, Number(most)) },
        (_, i) => all[Math.floor(i * stride)]!,
      );
      return chosen.map((mutation) => ({ place, file, mutation }));
    }),
);
const count = queue.length;
let survived = 0;

async function work(): Promise<void> {
  const folder = scratch();
  try {
    for (let task = queue.shift(); task; task = queue.shift()) {
      const { place, file, mutation } = task;
      const path = join(folder, file);
      const text = readFileSync(path, "utf8");
      writeFileSync(path, applied(text, mutation));
      const caught = await firstFailure(folder, place, file);
      writeFileSync(path, text);
      if (!caught) survived++;
      const { line, from, to } = mutation;
      console.log(
        `${file}:${line}: ${from} → ${to || "nothing"}\n    ${caught ? `caught by: ${caught}` : "SURVIVED"}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await Promise.all([work(), work()]);
console.log(`${count} mutations, ${survived} survived`);
process.exitCode = count === 0 ? 1 : 0;
