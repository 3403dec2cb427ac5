import { type Executor, FlowModel } from "@flowify/core";
import { averaged } from "flowify/format";
import { orInWasm } from "../worker/backend.js";
import type { OpenRun } from "./open-run.js";

/** A run with its model on a device. If the device is lost, both continue in Wasm from the kept state. */
export class PlacedRun {
  private constructor(private held: Readonly<{ run: OpenRun; model: FlowModel; executor: Executor }>) {}

  /** Creates or reads a run and places it on the device. */
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

  /** Calls `f` with the model. */
  ask<T>(work: (model: FlowModel) => Promise<T>): Promise<T> {
    return orInWasm(this.executor, async (on) => {
      if (on !== this.executor) await this.#take(this.run, on);
      return work(this.model);
    });
  }

  /** Replaces the run by another one. */
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
    await before.dispose().catch(() => {}); // the arrays of a lost device are lost
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
