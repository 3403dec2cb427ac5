import { describe, expect, it } from "vitest";
import { NotFiniteError, type StepReport, type Trainer } from "../../src/index.js";
import { runSteps } from "../../src/train/run-steps.js";

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
  return { trainer: () => trainer, state };
}

describe("runSteps", () => {
  it("measures before the first step, every so many steps, and at the end, each state once", async () => {
    const measured = async (until: number, last?: number): Promise<number[]> => {
      const seen: number[] = [];
      const { trainer } = counting();
      await runSteps({
        trainer,
        until,
        measure: { every: 3, last, state: async (step) => void seen.push(step) },
      });
      return seen;
    };
    expect(await measured(7)).toEqual([0, 3, 6, 7]);
    expect(await measured(6)).toEqual([0, 3, 6]);
    expect(await measured(4, 0)).toEqual([3, 4]);
  });

  it("ends before a step where it is stopped, and measures where it stands", async () => {
    const { trainer, state } = counting();
    const seen: number[] = [];
    await runSteps({
      trainer,
      until: 100,
      stopped: () => state.taken === 4,
      measure: { every: 10, state: async (step) => void seen.push(step) },
    });
    expect([state.taken, seen]).toEqual([4, [0, 4]]);
  });

  it("reports each step with its time, in the turn that it was given", async () => {
    const { trainer } = counting();
    const lines: string[] = [];
    await runSteps({
      trainer,
      until: 2,
      turn(step) {
        lines.push("turn");
        return step();
      },
      onStep({ step }, milliseconds) {
        lines.push(`step ${step}`);
        expect(milliseconds).toBeGreaterThan(0);
      },
    });
    expect(lines).toEqual(["turn", "step 0", "turn", "step 1"]);
  });

  it("recovers from what is not finite, in a step or after it, and measures again what comes again", async () => {
    let failures = 0;
    const { trainer, state } = counting((step) => step === 5 && failures === 0);
    const seen: number[] = [];
    await runSteps({
      trainer,
      until: 6,
      measure: {
        every: 2,
        async state(step) {
          seen.push(step);
          if (step === 6 && failures === 1) throw new NotFiniteError(6, "state", "not finite");
        },
      },
      async recover({ step }) {
        failures++;
        expect(step).toBe(failures === 1 ? 5 : 6);
        state.taken = 3;
      },
    });
    expect(failures).toBe(2);
    expect(seen).toEqual([0, 2, 4, 4, 6, 4, 6]);
  });

  it("ends with other errors, and with the same where there is no way back", async () => {
    const { trainer } = counting((step) => step === 2);
    await expect(runSteps({ trainer, until: 3 })).rejects.toBeInstanceOf(NotFiniteError);
    const other = { trainer: counting().trainer, until: 3, recover: async () => {} };
    const onStep = (): never => {
      throw new TypeError("mine");
    };
    await expect(runSteps({ ...other, onStep })).rejects.toThrow("mine");
  });

  it("lets timers in after each step where it is asked to", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++);
    const began = performance.now();
    const { trainer } = counting();
    await runSteps({ trainer, until: Number.POSITIVE_INFINITY, pauseMs: 0, stopped: () => ticks > 1 });
    clearInterval(timer);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
