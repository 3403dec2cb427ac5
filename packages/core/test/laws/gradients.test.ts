import { describe, it } from "vitest";
import { gradients, inputGradients } from "../../src/testing/laws/gradients.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

for (const law of [gradients, inputGradients])
  describe(`${law.name}: ${law.promise}`, () => {
    it.each(subjectsOf(law))("$name", (entry) => expectLaw(law, entry));
  });
