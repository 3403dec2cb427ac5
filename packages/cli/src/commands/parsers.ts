const wholeNumbers = (minimum: number): string =>
  minimum === 0
    ? "a whole number from 0 on"
    : minimum === 1
      ? "a positive whole number"
      : `a whole number from ${minimum} on`;

/** Parses whole numbers from `minimum` on; `1e3` is one, `1.5`, `0x10` and `12 apples` are not. */
export const wholeNumber =
  (minimum: number) =>
  (input: string): number => {
    const value = /^\d+(e\d+)?$/i.test(input) ? Number(input) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < minimum)
      throw new SyntaxError(`expected ${wholeNumbers(minimum)}`);
    return value;
  };

/** Parses numbers above 0 (with `zero`, from 0 on); Infinity and NaN are none. */
export const positiveNumber =
  ({ zero = false } = {}) =>
  (input: string): number => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(input) ? Number(input) : Number.NaN;
    if (!Number.isFinite(value) || value < 0 || (value === 0 && !zero)) {
      throw new SyntaxError(zero ? "expected a number from 0 on" : "expected a positive number");
    }
    return value;
  };

/** Parses the decay of an average: from 0 (none) to below 1. */
export const decay = (input: string): number => {
  const value = positiveNumber({ zero: true })(input);
  if (value >= 1) throw new SyntaxError("expected a number from 0 to below 1");
  return value;
};

/** Parses `28x20`, height and width in pixels. */
export const pixelSize = (input: string): readonly [height: number, width: number] => {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/i.exec(input) ?? [];
  if (height === undefined || width === undefined)
    throw new SyntaxError("expected HEIGHTxWIDTH in pixels, as in 64x64");
  return [Number(height), Number(width)];
};

/** Takes any text but the empty one, which a shell makes of an unset variable. */
export const nonEmpty = (input: string): string => {
  if (input === "") throw new SyntaxError("expected a name, got an empty text");
  return input;
};
