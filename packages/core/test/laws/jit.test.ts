import { describe, it } from "vitest";
import { compiled, pure } from "../../src/testing/laws/compiled.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

for (const law of [pure, compiled])
  describe(`${law.name}: ${law.promise}`, () => {
    it.each(subjectsOf(law))("$name", (entry) => expectLaw(law, entry));
  });
