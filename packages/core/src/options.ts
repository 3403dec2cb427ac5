/** What the options of layers and functions must be. Their schemas are named `o.size`, `o.optional(o.pair)`. */
import * as v from "valibot";
import { DomainError, UsageError } from "./errors.js";
import type { Pair } from "./math/windows.js";
import { didYouMean, showValue } from "./near-name.js";
import { expectSizesOf, type Shape } from "./shape.js";

/** A check of a value, and its type. */
export type Schema<T> = v.GenericSchema<T>;

/** A schema of an option that may be left out. */
export type Optional<T> = v.ExactOptionalSchema<Schema<T>, undefined>;

/** Schemas by the name of the option. */
export type Schemas = { readonly [option: string]: Schema<unknown> };

type OptionalNames<S> = { [N in keyof S]: S[N] extends { type: "exact_optional" } ? N : never }[keyof S];
type Values<S, N extends keyof S> = { readonly [M in N]: S[M] extends Schema<infer T> ? T : never };
type Flat<T> = { [N in keyof T]: T[N] };

/** The values that schemas accept: those of `{ out: o.size, stride: o.optional(o.pair) }` are `{ out: number; stride?: Pair }`. */
export type Options<S> = Flat<
  Values<S, Exclude<keyof S, OptionalNames<S>>> & Partial<Values<S, OptionalNames<S>>>
>;

const expected =
  (what: string) =>
  ({ received }: v.BaseIssue<unknown>): string =>
    `expected ${what}, found ${received}`;

/* @__NO_SIDE_EFFECTS__ */
function numberThat(what: string, holds: (value: number) => boolean = () => true): Schema<number> {
  const accepts = (value: unknown): boolean =>
    typeof value === "number" && Number.isFinite(value) && holds(value);
  return v.custom<number>(accepts, expected(what));
}

/* @__NO_SIDE_EFFECTS__ */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Schema<number> {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return numberThat(`an integer ${range}`, (n) => Number.isSafeInteger(n) && n >= least && n <= most);
}

/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(schema: Schema<T>): Optional<T> {
  return v.exactOptional(schema);
}

/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends string>(...values: readonly T[]): Schema<T> {
  return v.picklist(values);
}

/* @__NO_SIDE_EFFECTS__ */
export function listOf<T>(schema: Schema<T>, least = 0): Schema<readonly T[]> {
  return v.pipe(v.array(schema), v.minLength(least, `expected at least ${least} entries`));
}

/** @param what names both in messages */
/* @__NO_SIDE_EFFECTS__ */
export function either<A, B>(first: Schema<A>, second: Schema<B>, what: string): Schema<A | B> {
  return v.union([first, second], expected(what));
}

/** Layers make tables of their sizes when they are built: absurd ones must not exhaust the memory. */
const LARGEST = 65_536;

export const size: Schema<number> = integer(1, LARGEST);
export const count: Schema<number> = integer(0, LARGEST);
export const index: Schema<number> = integer(0);
export const seed: Schema<number> = integer(Number.MIN_SAFE_INTEGER);
export const number: Schema<number> = numberThat("a finite number");
/** What was measured, even if it is not finite. */
export const measured: Schema<number> = either(v.number(), v.nan(), "a number");
export const positive: Schema<number> = numberThat("a number above 0", (n) => n > 0);
export const notNegative: Schema<number> = numberThat("a number of at least 0", (n) => n >= 0);
/** A part that is less than the whole: [0, 1). */
export const share: Schema<number> = numberThat("a number from 0 to below 1", (n) => n >= 0 && n < 1);
/** A part, or the whole: [0, 1]. */
export const fraction: Schema<number> = numberThat("a number from 0 to 1", (n) => n >= 0 && n <= 1);
export const text: Schema<string> = v.string();
/** Bins of a spline. */
export const bins: Schema<number> = integer(2, 500);
/** Levels of numbers that are whole. */
export const levels: Schema<number> = integer(2, LARGEST);
export const flag: Schema<boolean> = v.boolean();
/** What a norm is cut to; Infinity is never. */
export const norm: Schema<number> = v.custom<number>(
  (x) => typeof x === "number" && x > 0,
  expected("a number above 0"),
);
/** A record of a library, or a function: what it holds is not looked at. */
export const record: Schema<object> = v.custom<object>(
  (x) => typeof x === "object" && x !== null && !("then" in x),
  expected("an object; await a promise of one"),
);
export const map: Schema<ReadonlyMap<unknown, unknown>> = v.instance(Map);
export const anything: Schema<unknown> = v.unknown();
export const callback: Schema<unknown> = v.function();
export const order: Schema<readonly number[]> = listOf(index);
export const shape: Schema<readonly number[]> = listOf(integer(1), 1);

/** One size for both axes, or height and width. */
export const pair: Schema<Pair> = either(
  size,
  v.strictTuple([size, size]),
  `an integer from 1 to ${LARGEST}, or two of them`,
);

/** Rows and columns on each side. */
export const sides = {
  top: optional(count),
  bottom: optional(count),
  left: optional(count),
  right: optional(count),
};

/** An amount for all of these sides, or amounts by the name of the side. */
/* @__NO_SIDE_EFFECTS__ */
export function around<S extends Partial<typeof sides>>(schemas: S): Schema<number | Options<S>> {
  const named = v.pipe(
    v.custom<object>((value) => !Array.isArray(value)), // it would pass as an object that names no side
    v.strictObject(schemas as v.ObjectEntries),
  ) as Schema<unknown> as Schema<Options<S>>;
  return either(
    count,
    named,
    `an integer from 0 to ${LARGEST}, or one for each of ${Object.keys(schemas).join(", ")}`,
  );
}

/** The same, or `"fit"`: as much as windows need to fit. */
/* @__NO_SIDE_EFFECTS__ */
export function fitOrAround<S extends Partial<typeof sides>>(
  schemas: S,
): Schema<"fit" | number | Options<S>> {
  return either(oneOf("fit"), around(schemas), `"fit", or an integer from 0 to ${LARGEST} for each side`);
}

/** Numbers that a network holds. A file has a list of them instead, or the name of an array in its file of weights. */
export const float32s: Schema<Float32Array> = v.instance(Float32Array);
export const floats: Schema<Float32Array | Float64Array> = v.union([
  v.instance(Float32Array),
  v.instance(Float64Array),
]);
/** Weights of an ordinary dense layer x ↦ x Wᵀ + b: weight [out, in] row-major, bias [out]. */
export type DenseWeights = {
  weight: Float32Array | Float64Array;
  bias?: Float32Array | Float64Array;
};
export const weights: Schema<DenseWeights> = v.strictObject({ weight: floats, bias: optional(floats) });

/** Parameters that depend on the condition of a network. */
export const conditional = {
  /** A network of the condition adds to the parameters, zeros at first. Default false. */
  conditional: optional(flag),
  /** Width of the two hidden layers of that network; 0 for none. Default 64. */
  hidden: optional(count),
};

/** A layer inside a layer: one of those that a network is made of, which no kind can name. */
export type InnerLayer = Readonly<{ kind: string }>;
const layer = v.looseObject({ kind: v.string() });
export const layers: Schema<readonly InnerLayer[]> = listOf(layer, 1);
export const chains: Schema<readonly (readonly InnerLayer[])[]> = listOf(listOf(layer));

/** A schema for each option of a function. */
export type SchemasOf<T> = { readonly [N in keyof Required<T>]: Schema<unknown> };

/**
 * Checks the options that a public function was called with; undefined counts as left out.
 *
 * @param where names the function in messages
 * @param Wrong the error of a value of another kind
 * @throws UsageError for a required option that is missing, one that does not exist, with the nearest name, and for a value of another kind
 */
export function checkOptions<T>(
  where: string,
  schemas: SchemasOf<T>,
  given: unknown,
  required: readonly (keyof T & string)[] = [],
  Wrong: typeof UsageError | typeof DomainError = UsageError,
): void {
  if (given === undefined && required.length === 0) return;
  const names = Object.keys(schemas);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UsageError(`${where}: expected options { ${names.join(", ")} }, found ${showValue(given)}`);
  const missing = required.find((name) => (given as Partial<T>)[name] === undefined);
  if (missing)
    throw new UsageError(`${where}: the option ${missing} is missing; it needs ${required.join(", ")}`);
  for (const [name, value] of Object.entries(given)) {
    expectName(where, names, name);
    const schema = schemas[name as keyof T];
    const [issue] = (value !== undefined && v.safeParse(schema, value, { message: standard }).issues) || [];
    if (issue) throw new Wrong(`${where}: ${name}: ${issue.message}`);
  }
}

/** Throws a `UsageError` for the name of an option that is none of these, with the nearest. */
export function expectName(where: string, names: readonly string[], name: string): void {
  if (names.includes(name)) return;
  const known = didYouMean(name, names) || `; it has ${names.join(", ") || "none"}`;
  throw new UsageError(`${where}: unknown option "${name}"${known}`);
}

/**
 * The options that a layer was made with, checked like those of a network. Arguments before them may be among them.
 *
 * @param schemas of its kind
 * @param others options that no network has: their values are not looked at
 * @throws ShapeError for a shape that is none, UsageError for an option that is missing or does not exist, DomainError for its value
 */
export function checked<O extends object>(
  layer: string,
  inShape: Shape,
  options: O,
  schemas: Schemas,
  ...others: readonly (keyof O & string)[]
): O {
  expectSizesOf(layer, inShape);
  const all: Schemas = { ...schemas, ...Object.fromEntries(others.map((name) => [name, anything])) };
  const required = Object.keys(schemas).filter((name) => schemas[name]?.type !== "exact_optional");
  checkOptions(layer, all, options, required, DomainError);
  return options;
}

const standard = ({ expected, received }: v.BaseIssue<unknown>): string =>
  `expected ${expected}, found ${received}`;
