import { describe, expect, it } from "vitest";
import { NotFiniteError, type StepReport, type Trainer } from "../../src/index.js";
import { keepBest, measuring } from "../../src/train/keep-best.js";
import { type Hook, runSteps } from "../../src/train/run-steps.js";

/** A trainer that only counts; `fail` says before which steps it is not finite. */
function counting(fail: (step: number) => boolean = () => false) {
  const state = { taken: 0 };
  const trainer = {
    get taken() {
      return state.taken;
    },
    async step(): Promise<StepReport> {
      if (fail(state.taken + 1)) throw new NotFiniteError(state.taken + 1, "linear[0]", "not finite");
      return { step: state.taken++, loss: 1, bpd: 1, gradNorm: 1, lr: 1 };
    },
  } as unknown as Trainer;
  return { trainer, state };
}

/** Measures the state of this moment, whose log p is a function of its step, every so many steps. */
function watching(trainer: Trainer, every: number, logProb: (step: number) => number = (step) => step) {
  const seen: number[] = [];
  const best = keepBest<number>();
  const hook = measuring({
    trainer,
    due: (taken) => taken % every === 0,
    measure: async () => ({ logProb: logProb(trainer.taken), state: trainer.taken }),
    best,
    onMeasured: ({ step }) => void seen.push(step),
  });
  return { seen, best, hook };
}

describe("runSteps", () => {
  it("measures before the first step, every so many steps, and at the end, each state once", async () => {
    const measured = async (...until: number[]): Promise<number[]> => {
      const { trainer } = counting();
      const { seen, hook } = watching(trainer, 3);
      for (const steps of until) await runSteps({ trainer, until: steps, hooks: [hook] });
      return seen;
    };
    expect(await measured(7)).toEqual([0, 3, 6, 7]);
    expect(await measured(6)).toEqual([0, 3, 6]);
    expect(await measured(4, 6)).toEqual([0, 3, 4, 6]);
  });

  it("keeps the best of what it measures, also where nobody listens", async () => {
    const { trainer } = counting();
    const best = keepBest<number>();
    const measure = async () => ({ logProb: 1 - (trainer.taken - 4) ** 2, state: trainer.taken });
    const hook = measuring({ trainer, due: (taken) => taken % 2 === 0, measure, best });
    await runSteps({ trainer, until: 7, hooks: [hook] });
    expect(best.best).toEqual({ step: 4, logProb: 1, state: 4 });
  });

  it("ends so many steps after the best state, and at once where it goes on from there", async () => {
    const { trainer } = counting();
    const best = keepBest<number>();
    const run = async () => {
      const measure = async () => ({ logProb: -((trainer.taken - 6) ** 2), state: trainer.taken });
      const hook = measuring({ trainer, due: (taken) => taken % 3 === 0, measure, best, patience: 9 });
      await runSteps({ trainer, until: 100, hooks: [{ ...hook, start: undefined }] });
      return [trainer.taken, best.best?.state];
    };
    expect(await run()).toEqual([15, 6]);
    expect(await run()).toEqual([15, 6]);
  });

  it("ends earlier where held-out examples are less likely by far, also where it goes on from there", async () => {
    const { trainer } = counting();
    const best = keepBest<number>();
    const logProb = () => (trainer.taken <= 6 ? trainer.taken : 6 - 0.1 * (trainer.taken - 6));
    const run = async (examples: number) => {
      const measure = async () => ({ logProb: logProb(), state: trainer.taken });
      const due = (taken: number) => taken % 3 === 0;
      const hook = measuring({ trainer, due, measure, best, patience: 30, examples });
      if (best.best) hook.judge(logProb());
      await runSteps({ trainer, until: 100, hooks: [{ ...hook, start: undefined }] });
      return trainer.taken;
    };
    // half of the patience after step 6, when 20 examples are 30 nats below
    expect(await run(20)).toBe(21);
    expect(await run(20)).toBe(21);
    expect(await run(12)).toBe(24);
    expect(await run(1)).toBe(36);
  });

  it("ends before a step where it is stopped, and measures where it stands", async () => {
    const { trainer } = counting();
    const { seen, hook } = watching(trainer, 10);
    const hooks = [hook, { stopped: () => trainer.taken === 4 }];
    await runSteps({ trainer, until: 100, hooks });
    expect([trainer.taken, seen]).toEqual([4, [0, 4]]);
  });

  it("calls the hooks in their order, and reports each step with its time", async () => {
    const { trainer } = counting();
    const lines: string[] = [];
    const hook = (name: string): Hook => ({
      start: () => void lines.push(`start ${name}`),
      step({ step }, milliseconds) {
        lines.push(`step ${step} ${name}`);
        expect(milliseconds).toBeGreaterThan(0);
      },
      end: () => void lines.push(`end ${name}`),
      back: () => void lines.push(`back ${name}`),
    });
    await runSteps({ trainer, until: 2, hooks: [hook("a"), hook("b")] });
    const order = ["start", "step 0", "step 1", "end"].flatMap((moment) => [`${moment} a`, `${moment} b`]);
    expect(lines).toEqual(order);
  });

  it("recovers from what is not finite, in a step or after it, and measures again what comes again", async () => {
    let failures = 0;
    const { trainer, state } = counting((step) => step === 5 && failures === 0);
    const { seen, hook } = watching(trainer, 2, (step) => {
      if (step === 6 && failures === 1) throw new NotFiniteError(6, "state", "not finite");
      return step;
    });
    await runSteps({
      trainer,
      until: 6,
      hooks: [hook],
      async recover({ step }) {
        failures++;
        expect(step).toBe(failures === 1 ? 5 : 6);
        state.taken = 3;
      },
    });
    expect(failures).toBe(2);
    expect(seen).toEqual([0, 2, 4, 4, 4, 6]);
  });

  it("recovers from an end that is not finite", async () => {
    const { trainer, state } = counting();
    const ends: number[] = [];
    const end = (): void => {
      ends.push(trainer.taken);
      if (ends.length === 1) throw new NotFiniteError(4, "state", "not finite");
    };
    const recover = async (): Promise<void> => {
      state.taken = 2;
    };
    await runSteps({ trainer, until: 4, hooks: [{ end }], recover });
    expect(ends).toEqual([4, 4]);
  });

  it("ends with other errors, and with the same where there is no way back", async () => {
    const { trainer } = counting((step) => step === 2);
    await expect(runSteps({ trainer, until: 3 })).rejects.toBeInstanceOf(NotFiniteError);
    const step = (): never => {
      throw new TypeError("mine");
    };
    const other = { trainer: counting().trainer, until: 3, hooks: [{ step }], recover: async () => {} };
    await expect(runSteps(other)).rejects.toThrow("mine");
  });

  it("lets timers in after each step where it is asked to", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++);
    const began = performance.now();
    const { trainer } = counting();
    const hooks = [{ stopped: () => ticks > 1 }];
    await runSteps({ trainer, until: Number.POSITIVE_INFINITY, pauseMs: 0, hooks });
    clearInterval(timer);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe("keepBest", () => {
  const after = (...logProbs: number[]) => {
    const best = keepBest<string>();
    logProbs.forEach((logProb, step) => void best.offer({ step, logProb, state: `${step}` }));
    return best.best?.state;
  };

  it("keeps the first of the best", () => {
    expect(after(-3, -1, -2, -1)).toBe("1");
    expect(after(-3, -2, -1)).toBe("2");
  });

  it("prefers any number to NaN", () => {
    expect(after(Number.NaN, -5, Number.NaN)).toBe("1");
    expect(after(Number.NaN)).toBe("0");
  });

  it("keeps the state that was the best before, where it is measured again", () => {
    const best = keepBest({ best: { step: 4, logProb: -1, state: "before" } });
    expect(best.offer({ step: 4, logProb: -1, state: "again" })).toBe(false);
    expect(best.best?.state).toBe("before");
    best.restore({});
    expect(best.offer({ step: 0, logProb: -9, state: "new" })).toBe(true);
  });

  it("chooses the start where the gain of the best over it may be chance", () => {
    const best = keepBest<string>();
    best.offer({ step: 0, logProb: -3, state: "start" });
    best.offer({ step: 10, logProb: -2.9, state: "lucky", gainStdErr: 0.12 });
    expect([best.best?.state, best.chosen?.state]).toEqual(["lucky", "start"]);
    best.offer({ step: 20, logProb: -2.8, state: "better", gainStdErr: 0.12 });
    expect([best.best?.state, best.chosen?.state]).toEqual(["better", "better"]);
  });

  it.each([
    [
      "of the same examples",
      [
        [-3, -5],
        [-2, -5],
        [-1, -5],
      ],
      [0.5, 1],
      0,
    ],
    ["unless there is one alone", [[-3], [-2], [-1]], [undefined, undefined], 2],
    [
      "unless an example was impossible",
      [
        [-3, -Infinity],
        [-2, -5],
        [-1, -5],
      ],
      [undefined, undefined],
      2,
    ],
  ])("is told the standard error of the gain by log p, %s", async (_, logs, errors, chosen) => {
    const trainer = { taken: 0 };
    const best = keepBest<number>();
    const found: (number | undefined)[] = [];
    const { start, step } = measuring({
      trainer,
      due: () => true,
      async measure() {
        const own = logs[trainer.taken]!;
        const logProb = own.reduce((sum, log) => sum + log, 0) / own.length;
        return { logProb, state: trainer.taken, logs: async () => own };
      },
      best,
      onMeasured: ({ gainStdErr }) => void found.push(gainStdErr),
    });
    await start();
    for (; trainer.taken < 2; ) {
      trainer.taken++;
      await step();
    }
    // gains of 1 and 0, of 2 and 0: the mean is one standard error
    expect(found).toEqual([undefined, ...errors]);
    expect([best.best?.state, best.chosen?.state]).toEqual([2, chosen]);
  });
});
