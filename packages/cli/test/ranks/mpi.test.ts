import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeSafetensors } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { bin } from "../built-command.js";
import { runCommand } from "../run-command.js";
import { lastCheckpoint, metricsOf, writeSmallData } from "../small-run.js";
import { temporaryFolder } from "../temporary-folder.js";

/** The installed launchers, with their flags for more ranks than cores and for the superuser. */
const launchers = [
  ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"],
  ["mpiexec.mpich"],
].filter(([name]) => {
  try {
    execFileSync(name as string, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

describe("under mpirun", () => {
  it.skipIf(launchers.length === 0).each([
    ["recipe", "adam"],
    ["convolution", "muon"],
  ] as const)(
    "trains two ranks in four steps, close to one process, rank 0 alone says so: %s by %s",
    { tags: ["long"], timeout: 600_000 },
    async (kind, optimizer) => {
      const folder = temporaryFolder();
      const { data, network } = writeSmallData(folder, kind);
      const short = ["--steps", "4", "--batch", "128", "--pictures", "none", "--seed", "5"];
      short.push("--optimizer", optimizer);
      const train = ["train", "--data", data, "--network", network, ...short, "--evaluate-every", "100"];
      // in two parts, as the ranks have it: another order of sums moves a number whose gradient is rounding alone by a
      // whole step of Adam, in one process as well, and the loss of the fourth step by up to 5e-6
      const alone = join(folder, "alone");
      const inParts = [...train, "--threads", "2", "--workers", "2", "--out", alone];
      expect((await runCommand(inParts)).status).toBe(0);
      const several = join(folder, "several");
      const [name = "", ...flags] = launchers[0] ?? [];
      const own = [...train, "--threads", "1", "--out", several];
      const args = [...flags, "-n", "2", process.execPath, bin, ...own];
      const { stdout } = await promisify(execFile)(name, args);
      expect(stdout.match(/trained on/g)).toHaveLength(1);
      const losses = (run: string) =>
        metricsOf(run).flatMap(({ loss }) => (typeof loss === "number" ? [loss] : []));
      const expected = losses(alone);
      expect(expected).toHaveLength(4);
      for (const [i, loss] of losses(several).entries())
        expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(1e-6);
      const namesIn = (run: string) => Object.keys(decodeSafetensors(lastCheckpoint(run, 4)).tensors);
      expect(namesIn(several)).toEqual(namesIn(alone));
    },
  );

  it.skipIf(launchers.length === 0)(
    "shares the rows that are sampled, to the bytes of one process",
    async () => {
      const folder = temporaryFolder();
      const data = join(folder, "known.csv");
      const rows = Array.from({ length: 300 }, (_, i) => `${i % 17},${(i % 29) / 8},${i % 3 ? "a" : "b"}`);
      writeFileSync(data, `x,y,kind\n${rows.join("\n")}\n`);
      const run = join(folder, "run");
      const training = ["--network", "table/additive", "--steps", "1", "--pictures", "none", "--quiet"];
      expect((await runCommand(["train", "--data", data, "--out", run, ...training])).status).toBe(0);
      const [one, two] = [join(folder, "one.csv"), join(folder, "two.csv")];
      const sample = ["sample", run, "--count", "3000", "--out"];
      expect((await runCommand([...sample, one])).status).toBe(0);
      const [name = "", ...flags] = launchers[0] ?? [];
      const { stdout } = await promisify(execFile)(name, [
        ...flags,
        "-n",
        "2",
        process.execPath,
        bin,
        ...sample,
        two,
      ]);
      expect(stdout).toBe(`3,000 samples: ${two}\n`);
      expect(readFileSync(two).equals(readFileSync(one))).toBe(true);
    },
    120_000,
  );

  it("says what to install where no library of MPI is found", async () => {
    const { status, stderr } = await runCommand(["train"], { PMI_SIZE: "2", FLOWIFY_MPI: "/no/libmpi.so" });
    expect(status).toBe(1);
    expect(stderr).toContain(
      "this process was started by MPICH, and no library of it was found (/no/libmpi.so)",
    );
    expect(stderr).toContain("apt-get install mpich");
  });

  it("refuses a library that is none of MPI", async () => {
    const file = join(temporaryFolder(), "libmpi.so");
    writeFileSync(file, "not a library");
    const { status, stderr } = await runCommand(["train"], { OMPI_COMM_WORLD_SIZE: "2", FLOWIFY_MPI: file });
    expect(status).toBe(1);
    expect(stderr).toContain("apt-get install openmpi-bin");
  });
});
