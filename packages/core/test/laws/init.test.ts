import { describe, it } from "vitest";
import type { FlowLayer } from "../../src/layer.js";
import { atInit } from "../../src/testing/laws/init-from-data.js";
import { catalog } from "../catalog.js";
import { partsOf } from "../catalog-images.js";
import { expectLaw } from "../support/laws.js";

/** A layer and those that it is made of. */
const allOf = (layer: FlowLayer): FlowLayer[] => [layer, ...(partsOf(layer) ?? []).flatMap(allOf)];

const startsSaid = catalog.flatMap(({ name, layer }) =>
  allOf(layer)
    .filter((part) => part.facts.atInit)
    .map((part, i) => ({ name: `${name}: ${part.name} ${i}`, layer: part })),
);

describe(`${atInit.name}: ${atInit.promise}`, () => {
  it.each(startsSaid)("$name", ({ layer }) => expectLaw(atInit, { layer }));
});
