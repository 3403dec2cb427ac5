import type { Law } from "../subject.js";
import { batch } from "./batch.js";
import { compiled, pure } from "./compiled.js";
import { contribution } from "./contribution.js";
import { declaration, init } from "./declaration.js";
import { deterministic, frozen } from "./deterministic.js";
import { gradients, inputGradients } from "./gradients.js";
import { atInit, initFromData } from "./init-from-data.js";
import { noise } from "./noise.js";
import { derivedReferences, references } from "./references.js";
import { roundTrips } from "./round-trip.js";
import { refusal, shapes } from "./shapes.js";

/** Every law of the contract. A law that others rest on stands before them: where several fail, the first is the cause. */
export const laws: readonly Law[] = [
  declaration,
  init,
  noise,
  references,
  shapes,
  pure,
  batch,
  roundTrips,
  contribution,
  deterministic,
  frozen,
  gradients,
  inputGradients,
  compiled,
  derivedReferences,
  refusal,
  initFromData,
  atInit,
];
