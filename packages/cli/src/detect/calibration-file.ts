import { existsSync } from "node:fs";
import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { writeFileAtomic } from "../files/atomic.js";
import { checked } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
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
  const found = checked(
    calibrationSchema,
    readJson(path, { damaged: again }),
    (problems) => new DataError(`${path}: not a calibration: ${problems}\n${again}`),
  );
  if (found.step !== step)
    throw new UsageError(`${path}: of step ${found.step}, expected the state of step ${step}\n${again}`);
  return calibrationOf(step, found.scores);
}
