import { expect } from "vitest";
import type { Law } from "../../src/testing/law.js";
import type { Subject } from "../../src/testing/subject.js";
import { catalog } from "../catalog.js";

/** The entries of the catalog that a law says something of. */
export const subjectsOf = (law: Law) => catalog.filter((entry) => law.skip?.(entry) === undefined);

/** Fails with the law's own words where the layer breaks it. */
export async function expectLaw(law: Law, subject: Subject): Promise<void> {
  await expect(law.check(subject)).resolves.toBeDefined();
}
