import { UsageError } from "@flowify/core";
import { nonEmpty, wholeNumber } from "./parsers.js";

/** A flag with a value that `parse` reads. */
export const value = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: "parsed", parse, optional: true, placeholder, brief }) as const;

export const text = (placeholder: string, brief: string) => value(nonEmpty, placeholder, brief);

/** A text that has to be given. */
export const required = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, placeholder, brief }) as const;

export const count = (brief: string, placeholder = "N") => value(wholeNumber(1), placeholder, brief);

/** A text that may be given several times. */
export const texts = (placeholder: string, brief: string) =>
  ({ ...text(placeholder, brief), variadic: true }) as const;

/** A flag without a value. */
export const yes = (brief: string) =>
  ({ kind: "boolean", optional: true, withNegated: false, brief }) as const;

export const choice = <const T extends string>(values: readonly T[], brief: string) =>
  ({ kind: "enum", values, optional: true, brief }) as const;

/** A flag, as these functions and the library describe it. */
export type Flag = Readonly<{
  kind: string;
  placeholder?: string;
  optional?: boolean;
  [field: string]: unknown;
}>;
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F> = F extends { variadic: boolean; parse: (input: string) => infer T }
  ? readonly T[]
  : F extends { parse: (input: string) => infer T }
    ? T
    : F extends { values: readonly (infer T)[] }
      ? T
      : boolean;

/** The values of flags, as a command receives them. */
export type FlagsOf<F> = {
  -readonly [K in keyof F as F[K] extends { optional: boolean } ? K : never]?: ValueOf<F[K]>;
} & { -readonly [K in keyof F as F[K] extends { optional: boolean } ? never : K]: ValueOf<F[K]> };

/** A flag as it is written: `--data-dir` for `dataDir`. */
export const written = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @throws UsageError for the first of these flags that was given: `--judge belongs to --quality`, and what to do */
export function expectNone<F extends object>(
  flags: F,
  names: readonly (keyof F & string)[],
  why: string,
): void {
  const flag = names.find((name) => flags[name] !== undefined);
  if (flag !== undefined) throw new UsageError(`${written(flag)} ${why}`);
}
