import type { Subject } from "./subject.js";

/** A comparison of a law: the largest difference, in units of the largest number (at least of 1), and what is allowed. */
export type Figure = Readonly<{ what: string; error: number; allowed: number }>;

/** Something that every layer promises. */
export type Law = Readonly<{
  name: string;
  /** The promise in a sentence. */
  promise: string;
  /** Why the law says nothing of this layer; undefined where it does. */
  skip?(subject: Subject): string | undefined;
  /**
   * Looks whether a layer holds it; returns what was compared.
   *
   * @throws LawError where it does not; whatever the layer itself throws
   */
  check(subject: Subject): Promise<readonly Figure[]>;
}>;
