import { describe, it } from "vitest";
import { derivedReferences, references } from "../../src/testing/laws/references.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

for (const law of [references, derivedReferences])
  describe(`${law.name}: ${law.promise}`, () => {
    it.each(subjectsOf(law))("$name", (entry) => expectLaw(law, entry));
  });
