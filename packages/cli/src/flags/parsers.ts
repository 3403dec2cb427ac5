const wholeNumbers = (minimum: number): string =>
  minimum === 0
    ? "a whole number of at least 0"
    : minimum === 1
      ? "a positive whole number"
      : `a whole number of at least ${minimum}`;

/** Parses whole numbers of at least `minimum`: `1e3` is valid; `1.5`, `0x10` and `12 apples` are not. */
export const wholeNumber =
  (minimum: number) =>
  (input: string): number => {
    const value = /^\d+(e\d+)?$/i.test(input) ? Number(input) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < minimum)
      throw new SyntaxError(`expected ${wholeNumbers(minimum)}`);
    return value;
  };

/** A decimal number; NaN for anything else. */
const decimal = (input: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(input) ? Number(input) : Number.NaN;

/** Parses positive numbers (with `zero`, also 0); rejects Infinity and NaN. */
export const positiveNumber =
  ({ zero = false } = {}) =>
  (input: string): number => {
    const value = decimal(input);
    if (!Number.isFinite(value) || value < 0 || (value === 0 && !zero)) {
      throw new SyntaxError(zero ? "expected a number of at least 0" : "expected a positive number");
    }
    return value;
  };

/** Parses the decay of an average: at least 0 (none) and below 1. */
export const decay = (input: string): number => {
  const value = positiveNumber({ zero: true })(input);
  if (value >= 1) throw new SyntaxError("expected a number of at least 0 and below 1");
  return value;
};

/** Parses a probability between 0 and 1, both excluded. */
export const probability = (input: string): number => {
  const value = decimal(input);
  if (!(value > 0 && value < 1)) throw new SyntaxError("expected a number between 0 and 1");
  return value;
};

/** Parses `28x20`, height and width in pixels. */
export const pixelSize = (input: string): readonly [height: number, width: number] => {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/i.exec(input) ?? [];
  if (height === undefined || width === undefined)
    throw new SyntaxError("expected HEIGHTxWIDTH in pixels, such as 64x64");
  return [Number(height), Number(width)];
};

/** Parses the http or https address of a folder; adds a slash at the end. */
export const webAddress = (input: string): string => {
  const url = URL.canParse(input) ? new URL(input) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new SyntaxError("expected an address, https://…");
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
};

/** Accepts any text but the empty one, which an unset shell variable produces. */
export const nonEmpty = (input: string): string => {
  if (input === "") throw new SyntaxError("expected a name, found an empty text");
  return input;
};

/** Parses `age,income`: names with commas between them. */
export const names = (input: string): readonly string[] =>
  input.split(",").map((name) => nonEmpty(name.trim()));

/** A number, with a sign or without. */
const number = (input: string): number => {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(input) ? Number(input) : Number.NaN;
  if (!Number.isFinite(value)) throw new SyntaxError(`expected numbers, found "${input}"`);
  return value;
};

/** Parses `0:1`, a range from a number to a larger one. */
export const range = (input: string): readonly [low: number, high: number] => {
  const [low, high, ...more] = input.split(":").map(number);
  if (low === undefined || high === undefined || more.length > 0 || low >= high)
    throw new SyntaxError("expected LOW:HIGH, such as 0:1");
  return [low, high];
};

/** Parses `1,28,28`, the sizes of an example. */
export const sizes = (input: string): readonly number[] => input.split(",").map(wholeNumber(1));

/** Preprocessing of pixels: (pixel / 255 − mean) / std per channel, or raw pixels. */
export type Normalization = "raw" | Readonly<{ mean: readonly number[]; std: readonly number[] }>;

/** Parses `raw` or MEAN:STD, each one number or one per channel: `0.1307:0.3081`, `.485,.456,.406:.229,.224,.225`. */
export const normalization = (input: string): Normalization => {
  if (input === "raw") return input;
  const [mean, std, ...more] = input.split(":").map((part) => part.split(",").map(number));
  if (!mean || !std || more.length > 0 || std.some((value) => value <= 0))
    throw new SyntaxError("expected raw or MEAN:STD, such as 0.1307:0.3081");
  return { mean, std };
};

/** Parses `9:10,3:0`: wanted outputs of a network by index. */
export const wantedResults = (input: string): ReadonlyMap<number, number> =>
  new Map(
    input.split(",").map((pair) => {
      const [place = "", value, ...more] = pair.split(":");
      if (value === undefined || more.length > 0) throw new SyntaxError("expected PLACE:VALUE, such as 9:10");
      return [wholeNumber(0)(place), number(value)];
    }),
  );
