import { join } from "node:path";
import { compressedSample } from "../../packages/cli/test/compressed-sample.js";
import type { Kind } from "./kinds.js";
import { mutated } from "./mutated.js";

/** A file of `flowify compress`, damaged anywhere; half of them have the checksum of what they hold. */
export async function compressedKinds(): Promise<Kind[]> {
  const { file, content, withHash, read } = await compressedSample();
  return [
    {
      name: "a.flow",
      make: (draw) => ({
        "a.flow": draw(2) === 0 ? mutated([file], draw) : withHash(mutated([content], draw)),
      }),
      read: (place) => read(join(place, "a.flow")),
    },
  ];
}
