import { type Executor, FlowModel } from "@flowify/core";
import { averaged } from "flowify/format";
import { orInWasm } from "../worker/backend.js";
import type { OpenRun } from "./open-run.js";

/** A run with its model on a device. Where the device is lost, both go on in Wasm from the state that is kept. */
export class PlacedRun {
  private constructor(private held: Readonly<{ run: OpenRun; model: FlowModel; executor: Executor }>) {}

  /** Begins or reads a run on the device, and places it there. */
  static async of(executor: Executor, make: (executor: Executor) => Promise<OpenRun>): Promise<PlacedRun> {
    return orInWasm(executor, async (on) => new PlacedRun(await place(await make(on), on)));
  }

  get run(): OpenRun {
    return this.held.run;
  }

  get model(): FlowModel {
    return this.held.model;
  }

  get executor(): Executor {
    return this.held.executor;
  }

  /** Does something with the model. */
  ask<T>(work: (model: FlowModel) => Promise<T>): Promise<T> {
    return orInWasm(this.executor, async (on) => {
      if (on !== this.executor) await this.#take(this.run, on);
      return work(this.model);
    });
  }

  /** Makes another run of it, which takes its place. */
  change<T extends Readonly<{ run: OpenRun }>>(
    next: (run: OpenRun, executor: Executor) => Promise<T>,
  ): Promise<T> {
    return orInWasm(this.executor, async (on) => {
      const made = await next(this.run, on);
      await this.#take(made.run, on);
      return made;
    });
  }

  async #take(run: OpenRun, executor: Executor): Promise<void> {
    const before = this.held.model;
    this.held = await place(run, executor);
    await before.dispose().catch(() => {}); // what was on a lost device is lost with it
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

const place = async (run: OpenRun, executor: Executor): Promise<PlacedRun["held"]> => ({
  run,
  model: await FlowModel.fromArrays(run.flow, averaged(run.state.arrays), executor),
  executor,
});
