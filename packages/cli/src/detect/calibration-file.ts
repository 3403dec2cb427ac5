import { existsSync } from "node:fs";
import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { writeFileAtomic } from "../files/atomic.js";
import { checked } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import type { RunConfig } from "../run-config.js";
import { expectOwn, ofRun } from "../runs/identity.js";
import { type Calibration, calibrationOf } from "./calibration.js";

const VERSION = 2;

const calibrationSchema = v.strictObject({
  format: v.literal("flowify-calibration"),
  version: v.picklist([1, VERSION]),
  /** That of its configuration. */
  run: v.exactOptional(v.string()),
  /** Of the state that the scores come from. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** −log p in nats of rows that the run neither trained on nor chose its best state by, ascending. */
  scores: v.pipe(v.array(v.number()), v.minLength(1)),
});

export function writeCalibration(
  path: string,
  { step, scores }: Calibration,
  config: Pick<RunConfig, "run">,
): Promise<void> {
  const document = {
    format: "flowify-calibration",
    version: VERSION,
    ...ofRun(config),
    step,
    scores: [...scores],
  };
  return writeFileAtomic(path, `${JSON.stringify(document)}\n`);
}

/**
 * @param config of the run in `folder`
 * @throws UsageError where the run has none, or one of another state; DataError where it is damaged, or of another run
 */
export function readCalibration(
  path: string,
  folder: string,
  step: number,
  config: Pick<RunConfig, "run">,
): Calibration {
  const again = `run flowify train --resume ${folder} to write it`;
  if (!existsSync(path))
    throw new UsageError(`${folder}: no calibration.json, expected the scores of held-out rows\n${again}`);
  const found = checked(
    calibrationSchema,
    readJson(path, { damaged: again }),
    (problems) => new DataError(`${path}: not a calibration: ${problems}\n${again}`),
  );
  expectOwn(path, found.run, config, again);
  if (found.step !== step)
    throw new UsageError(`${path}: of step ${found.step}, expected the state of step ${step}\n${again}`);
  return calibrationOf(step, found.scores);
}
