/** Simulators in threads: the same numbers, and an end to those that hang. */
import { DataError, UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { availableCores } from "@flowify/onnx";
import { describe, expect, it, vi } from "vitest";
import { inThisThread, type SimulateOptions, simulateAll } from "../../src/posterior/simulate.js";
import { runnerOf } from "../../src/posterior/simulator-runner.js";
import { normal, type Prior, posterior, type Simulator } from "../../src/posterior.js";
import typedSimulator from "./typed-simulator.js";

const prior = normal(0, 1);
const simulate: Simulator = ([theta = 0], random) => {
  const noise = (): number => random.normal() + random.integer(3);
  return [theta + noise(), theta * noise()];
};

type Given = SimulateOptions & {
  of?: Prior;
  source?: string | URL;
  /** Two where nothing is said. */
  workers?: number | "default";
  timeLimit?: number;
  patience?: number;
};

/** Simulations, with what was warned of and how many threads were started. */
async function simulated(
  given: Simulator,
  count: number,
  { of = prior, source = given.toString(), workers = 2, timeLimit, patience = 30, ...options }: Given = {},
) {
  const warned: string[] = [];
  let threads = 0;
  const note = (): void => void threads++;
  process.on("worker", note);
  try {
    const warn = (code: string, text: string): void => void warned.push(`${code} ${text}`);
    const asked = workers === "default" ? undefined : workers;
    const run = runnerOf({ simulate: given, source, workers: asked, timeLimit, patience, warn });
    const found = await simulateAll(of, run, count, { seed: 7, ...options });
    const before = warned.length;
    if (warned[0]?.startsWith("MAIN")) await simulateAll(of, run, count, { seed: 7, ...options });
    expect(warned.length).toBe(before);
    return { found, warned, threads };
  } finally {
    process.off("worker", note);
  }
}

describe("threads", () => {
  it.each([1, 3])("have the numbers of the main thread, %d of them", async (workers) => {
    const { found, warned, threads } = await simulated(simulate, 700, { workers });
    expect(found).toEqual(await simulateAll(prior, inThisThread(simulate), 700, { seed: 7 }));
    expect({ warned, threads }).toEqual({ warned: [], threads: workers });
  });

  it("call a method as well", async () => {
    const task = {
      simulate(this: void, [theta = 0]: Float64Array): number[] {
        return [theta];
      },
    };
    const { found, warned } = await simulated(task.simulate, 20);
    expect(warned).toEqual([]);
    expect(found.observations).toEqual(found.parameters);
  });

  it("are not started for what takes milliseconds", async () => {
    const { threads } = await simulated(simulate, 2000, { workers: "default" });
    expect(threads).toBe(0);
  });

  it.runIf(availableCores() > 1)("are started by default once the rest takes long", async () => {
    const slow: Simulator = ([theta = 0]) => {
      for (const end = performance.now() + 5; performance.now() < end; );
      return [theta];
    };
    const { found, threads } = await simulated(slow, 200, { workers: "default" });
    expect(threads).toBe(availableCores());
    expect(found.observations).toEqual(found.parameters);
  });

  it("that hang are ended after their time and replaced; nothing else is lost", async () => {
    // blocks the thread outside of JavaScript, where only its end helps
    const hangs: Simulator = ([theta = 0]) => {
      if (theta > 1.5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return [theta];
    };
    const { found, threads } = await simulated(hangs, 40, { timeLimit: 0.2, mostFailures: 0.5 });
    const all = await simulateAll(
      prior,
      inThisThread(([theta = 0]) => [theta]),
      40,
      { seed: 7 },
    );
    const kept = all.parameters.filter((theta) => theta <= 1.5);
    expect(kept.length).toBeLessThan(40);
    expect(found.observations).toEqual(kept);
    expect(found.failures).toBe(40 - kept.length);
    expect(threads).toBeGreaterThanOrEqual(2 + found.failures - 1);
  });

  it("that take long without a limit are waited for, and said once", async () => {
    const rare: Simulator = ([theta = 0]) => {
      if (theta > 1.5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      return [theta];
    };
    const { found, warned } = await simulated(rare, 40, { patience: 0.2 });
    expect(found.observations).toEqual(found.parameters);
    expect(found.count).toBe(40);
    expect(warned).toEqual([expect.stringMatching(/^SLOW_SIMULATION .* 0.2 s so far; timeLimit ends/)]);
  });

  it("that end by themselves are failures of their calls", async () => {
    const module = new URL("./ending-simulator.js", import.meta.url);
    const one: Simulator = ([theta = 0], random) => [theta + random.normal()];
    const { found, warned } = await simulated(one, 40, { source: module, mostFailures: 0.5 });
    const all = await simulateAll(prior, inThisThread(one), 40, { seed: 7 });
    const kept = [...all.parameters.keys()].filter((i) => (all.parameters[i] as number) <= 1.5);
    expect(warned).toEqual([]);
    expect([...found.observations]).toEqual(kept.map((i) => all.observations[i]));
    await expect(simulated(one, 40, { source: module, mostFailures: 0 })).rejects.toThrow(
      /it ended its thread/,
    );
  });

  it("leave errors and failures as they are, in order", async () => {
    const throws: Simulator = ([theta = 0]) => {
      if (theta > 0) throw new Error(`no ${theta > 0}`);
      return [theta];
    };
    const options = { seed: 7, mostFailures: 0.2 };
    const message = (run: Promise<unknown>): Promise<string> =>
      run.then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
    const here = await message(simulateAll(prior, inThisThread(throws), 300, options));
    expect(here).toContain("it threw Error: no true");
    expect(await message(simulated(throws, 300, options))).toBe(here);
    let asked = 0;
    const broken: Prior = {
      ...prior,
      sample(random) {
        if (++asked > 30) throw new DataError("the prior is broken");
        return prior.sample(random);
      },
    };
    await expect(simulated(simulate, 100, { of: broken })).rejects.toThrow("the prior is broken");
  });
});

describe("what no thread can run stays in the main thread, and that is said once", () => {
  const scale = 3;
  const closure: Simulator = ([theta = 0], random) => [scale * theta + random.normal()];

  it("a function that uses something from outside", async () => {
    const { found, warned } = await simulated(closure, 50);
    expect(found).toEqual(await simulateAll(prior, inThisThread(closure), 50, { seed: 7 }));
    expect(warned.length).toBe(1);
    expect(warned[0]).toMatch(/^MAIN_THREAD .*scale is not defined.*main thread; pass the URL of a module/);
  });

  it("only now and then", async () => {
    const rare: Simulator = ([theta = 0]) => [theta > 1 ? scale * theta : theta];
    const { found, warned } = await simulated(rare, 300);
    expect(found).toEqual(await simulateAll(prior, inThisThread(rare), 300, { seed: 7 }));
    expect(warned.length).toBe(1);
  });

  it("one that counts its calls, or draws from elsewhere", async () => {
    let calls = 0;
    const counting: Simulator = () => [++calls];
    const { warned, found: counted } = await simulated(counting, 20);
    expect(warned[0]).toContain("calls is not defined");
    expect([...counted.observations]).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const elsewhere: Simulator = () => [Math.random() < 2 ? performance.timeOrigin : 0];
    const clock = vi.spyOn(performance, "timeOrigin", "get").mockReturnValue(5);
    const { warned: alsoWarned, found } = await simulated(elsewhere, 20);
    expect(alsoWarned[0]).toContain("came out otherwise in a thread");
    expect(new Set(found.observations)).toEqual(new Set([5]));
    clock.mockRestore();
  });

  it("a function without a text", async () => {
    const { warned, found } = await simulated(closure.bind(undefined), 20);
    expect(warned[0]).toContain("no thread can run it");
    expect(found.count).toBe(20);
  });
});

describe("a module", () => {
  const settings = { prior, simulations: 40, epochs: 1, ensemble: 1, blocks: 1, hidden: 8, seed: 7 };

  it("is a simulator by its URL", async () => {
    const module = new URL("./ending-simulator.js", import.meta.url);
    const found = await posterior({
      ...settings,
      simulate: module,
      workers: 2,
      mostFailures: 0.5,
      seed: seedOfUsual(),
    });
    expect(found.failures).toBeGreaterThan(0);
    expect((await found.sample(3, { observed: [0] })).length).toBe(3);
    await found.dispose();
  });

  /** A seed whose first parameter does not end this process, where the first call is made. */
  function seedOfUsual(): number {
    return Array.from({ length: 20 }, (_, seed) => seed).find(
      (seed) => Math.abs(prior.sample(makeRng(seed, 3, 0))[0] as number) < 1,
    ) as number;
  }

  it("in TypeScript is read by tsx in threads", async () => {
    const source = new URL("./typed-simulator.ts", import.meta.url);
    const { found, warned, threads } = await simulated(typedSimulator, 20, { source });
    expect({ warned, threads }).toEqual({ warned: [], threads: 2 });
    expect(found.observations).toEqual(found.parameters);
  });

  it.each([
    ["that is not there", "./no-such-simulator.js", "no-such-simulator.js cannot be loaded"],
    [
      "without a default export",
      "../temporary-folder.ts",
      "to export a function by default, found undefined",
    ],
  ])("%s", async (_, path, text) => {
    const failed = posterior({ ...settings, simulate: new URL(path, import.meta.url) });
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(text);
  });

  it("a number of threads that is none", async () => {
    await expect(posterior({ ...settings, simulate, workers: -1 })).rejects.toThrow(
      "posterior: workers: expected an integer of at least 0, found -1",
    );
  });
});
