import { UsageError } from "./errors.js";

/** A package by its name in npm, the subject of the message, and what follows "or" in it. */
type OptionalPackage = Readonly<{
  name: string;
  what: string;
  otherwise?: string;
  Refusal?: new (message: string, options?: ErrorOptions) => Error;
}>;

/**
 * Loads a package that few users need, and that does not come with the others. `load` imports it: bundlers look for the
 * name in the source.
 *
 * @throws UsageError, or `Refusal`, that says what needs the package and how to install it
 */
export async function loadOptional<T>(
  load: () => Promise<T>,
  { name, what, otherwise = "", Refusal = UsageError }: OptionalPackage,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const or = otherwise && `, or ${otherwise}`;
    throw new Refusal(`${what} needs the optional package ${name}\nrun npm install ${name}${or}`, { cause });
  }
}

/** The value of `make()`, computed at the first call. */
export function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
