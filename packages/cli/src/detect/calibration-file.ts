import { existsSync, readFileSync } from "node:fs";
import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { writeFileAtomic } from "../files/atomic.js";
import { type Calibration, calibrationOf } from "./calibration.js";

const calibrationSchema = v.strictObject({
  format: v.literal("flowify-calibration"),
  version: v.literal(1),
  /** Of the state that the scores come from. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** −log p in nats of rows that the run neither trained on nor chose its best state by, ascending. */
  scores: v.pipe(v.array(v.number()), v.minLength(1)),
});

export function writeCalibration(path: string, { step, scores }: Calibration): Promise<void> {
  const document = { format: "flowify-calibration", version: 1, step, scores: [...scores] };
  return writeFileAtomic(path, `${JSON.stringify(document)}\n`);
}

/**
 * @throws UsageError where the run has none, or one of another state; DataError where it is damaged
 */
export function readCalibration(path: string, folder: string, step: number): Calibration {
  const again = `run flowify train --resume ${folder} to write it`;
  if (!existsSync(path))
    throw new UsageError(`${folder}: no calibration.json, expected the scores of held-out rows\n${again}`);
  const result = v.safeParse(calibrationSchema, parsed(path));
  if (!result.success)
    throw new DataError(`${path}: not a calibration: ${result.issues[0].message}\n${again}`);
  if (result.output.step !== step)
    throw new UsageError(
      `${path}: of step ${result.output.step}, expected the state of step ${step}\n${again}`,
    );
  return calibrationOf(step, result.output.scores);
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
