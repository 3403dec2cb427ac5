import { UsageError } from "./errors.js";

/** What needs the package, by which name npm installs it, and what a user can do without it. */
export type OptionalPackage = Readonly<{
  name: string;
  /** Subject of the message: `a Parquet file`. */
  what: string;
  /** Follows "or": `write the table as CSV`. */
  otherwise?: string;
  /** Default `UsageError`. */
  Refusal?: new (
    message: string,
    options?: ErrorOptions,
  ) => Error;
}>;

/**
 * Loads a package that few users need, and that does not come with the others.
 *
 * @param load - imports it: bundlers look for the name in the source
 * @throws UsageError, or `Refusal`, that says what needs the package and how to install it
 */
export async function loadOptional<T>(
  load: () => Promise<T>,
  { name, what, otherwise, Refusal = UsageError }: OptionalPackage,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const instead = otherwise === undefined ? "" : `, or ${otherwise}`;
    throw new Refusal(`${what} needs the optional package ${name}\nrun npm install ${name}${instead}`, {
      cause,
    });
  }
}
