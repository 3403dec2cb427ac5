import fc from "fast-check";
import { expect, it } from "vitest";
import { sortNumbers } from "../../src/init/sort-numbers.js";

it("sorts as the language does, part of an array alone", () => {
  const numbers = fc.oneof(
    fc.float({ noNaN: true }),
    fc.constantFrom(0, 1, -1, 255, Number.POSITIVE_INFINITY),
  );
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 300 }), (given) => {
      const all = Float32Array.from([7, ...given, -7]);
      const own = all.subarray(1, given.length + 1);
      const expected = Float32Array.from(own).sort();
      expect(sortNumbers(own)).toBe(own);
      expect([...own]).toEqual([...expected]);
      expect([all[0], all.at(-1)]).toEqual([7, -7]);
    }),
  );
});
