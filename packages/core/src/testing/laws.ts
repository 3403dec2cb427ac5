import { batch } from "./laws/batch.js";
import { compiled, pure } from "./laws/compiled.js";
import { contribution } from "./laws/contribution.js";
import { declaration, init } from "./laws/declaration.js";
import { deterministic, frozen } from "./laws/deterministic.js";
import { gradients, inputGradients } from "./laws/gradients.js";
import { atInit, initFromData } from "./laws/init-from-data.js";
import { noise } from "./laws/noise.js";
import { derivedReferences, references } from "./laws/references.js";
import { roundTrips } from "./laws/round-trip.js";
import { refusal, shapes } from "./laws/shapes.js";
import type { Law } from "./subject.js";

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
