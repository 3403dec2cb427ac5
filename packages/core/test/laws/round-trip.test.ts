import { describe, it } from "vitest";
import { roundTrips } from "../../src/testing/laws/round-trip.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

for (const law of [roundTrips])
  describe(`${law.name}: ${law.promise}`, () => {
    it.each(subjectsOf(law))("$name", (entry) => expectLaw(law, entry));
  });
