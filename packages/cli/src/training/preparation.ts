import type { TrainOptions } from "@flowify/core";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";

/** A run that was stopped before its first step. */
export class StoppedEarly extends Error {}

/** Compilations that take less show no progress, milliseconds. */
const SHORT = 2000;

/** What a run does before its first step: shows how far the compilation of a large network is, and ends it where a signal came. */
export function watchPreparation(
  terminal: Terminal,
  { status }: Pick<Interrupt, "status">,
  now = () => performance.now(),
) {
  const progress = createProgress(terminal, { label: "compile, %", total: 100, now });
  const began = now();
  let isOver = false;
  /** Errors: `StoppedEarly`. */
  const expectUnstopped = (): void => {
    if (!isOver && status() !== undefined)
      throw new StoppedEarly("the run was stopped before its first step");
  };
  const onCompile: NonNullable<TrainOptions["onCompile"]> = (program, share) => {
    expectUnstopped();
    if (!isOver && now() - began >= SHORT) progress.update(Math.floor(100 * share), program);
  };
  return {
    expectUnstopped,
    onCompile,
    /** What is compiled later belongs to the run. */
    end(): void {
      isOver = true;
      progress.finish();
    },
  };
}
