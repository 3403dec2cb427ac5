import { describe, expect, it } from "vitest";
import { laws } from "../../src/testing/laws/all.js";
import { batch } from "../../src/testing/laws/batch.js";
import { compiled, pure } from "../../src/testing/laws/compiled.js";
import { gradients, inputGradients } from "../../src/testing/laws/gradients.js";
import { derivedReferences, references } from "../../src/testing/laws/references.js";
import type { Law, Subject } from "../../src/testing/subject.js";
import { catalog, tagsOf } from "../catalog.js";
import type { CatalogEntry } from "./entry.js";

/** The entries of the catalog that a law says something of. */
export const subjectsOf = (law: Law) => catalog.filter((entry) => law.skip?.(entry) === undefined);

/** Fails with the law's own words where the layer breaks it. */
export async function expectLaw(law: Law, subject: Subject): Promise<void> {
  await expect(law.check(subject)).resolves.toBeDefined();
}

/** Laws about how a layer is written, which variants of it share; the others are about its numbers. */
const ofCode = new Set<Law>([
  batch,
  compiled,
  derivedReferences,
  gradients,
  inputGradients,
  pure,
  references,
]);

/** Every law on every entry, an entry after the other: what jax-js compiles for one law serves the next. */
export const describeLaws = (entries: readonly CatalogEntry[]): void =>
  describe.each(entries)("$name", (entry) => {
    for (const law of laws.filter(({ skip }) => skip?.(entry) === undefined))
      it(`${law.name}: ${law.promise}`, { tags: ofCode.has(law) ? tagsOf(entry) : [] }, () =>
        expectLaw(law, entry),
      );
  });
