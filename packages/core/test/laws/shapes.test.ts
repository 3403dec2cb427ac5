import { describe, it } from "vitest";
import { batch } from "../../src/testing/laws/batch.js";
import { declaration, init } from "../../src/testing/laws/declaration.js";
import { noise } from "../../src/testing/laws/noise.js";
import { refusal, shapes } from "../../src/testing/laws/shapes.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

for (const law of [declaration, init, noise, shapes, refusal, batch])
  describe(`${law.name}: ${law.promise}`, () => {
    it.each(subjectsOf(law))("$name", (entry) => expectLaw(law, entry));
  });
