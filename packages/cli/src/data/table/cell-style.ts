/** How a column writes its values: an option of each aspect, such as the digits behind the point. */
type Style = Readonly<Partial<Record<string, string>>>;

type Kind = Readonly<{
  /** What a cell shows of its style; undefined where it holds another kind of values. */
  shown(cell: string): Style | undefined;
  write(value: number, style: Style): string;
  /** A value that shows all of a style. */
  example: (style: Style) => number;
}>;

const CLOCK =
  /^(?<sign>[+-]?)(?<hours>\d+):[0-5]\d(?<seconds>:[0-5]\d(?:\.(?<fraction>\d+))?)?(?<half>[ \u202f]?[ap]\.?m\.?)?$/i;

/** Hours and minutes, with or without seconds; of a day of 24 hours or of its halves. */
const clock: Kind = {
  shown(cell) {
    const { hours = "", seconds, fraction, half } = CLOCK.exec(cell)?.groups ?? {};
    if (hours === "") return undefined;
    return {
      ...(Number(hours) < 10 && { hours: String(hours.length) }),
      seconds: seconds === undefined ? "" : ":",
      ...((fraction === undefined || fraction.endsWith("0")) && { digits: String(fraction?.length ?? 0) }),
      half: half?.replace(/p/, "a").replace("P", "A") ?? "",
    };
  },
  write(value, { hours = "1", seconds, digits = "0", half = "" }) {
    const [whole = "", fraction = ""] = String(Math.abs(value)).split(".");
    const [hour, minute, second] = [3600, 60, 1].map((size, i) =>
      Math.floor((Number(whole) % (i === 0 ? Number.POSITIVE_INFINITY : 60 * size)) / size),
    ) as [number, number, number];
    const two = (part: number): string => String(part).padStart(2, "0");
    const decimals = fraction.padEnd(Number(digits), "0");
    return [
      value < 0 ? "-" : "",
      String(half ? ((hour + 11) % 12) + 1 : hour).padStart(Number(hours), "0"),
      `:${two(minute)}`,
      seconds ? `:${two(second)}${decimals && `.${decimals}`}` : "",
      hour < 12 ? half : half.replace("a", "p").replace("A", "P"),
    ].join("");
  },
  example: () => 4 * 3600 + 7 * 60 + 8,
};

/** Zeros in front, of codes of one width. */
const number: Kind = {
  shown: (cell) =>
    /^\d+$/.test(cell) ? { width: String(cell.startsWith("0") ? cell.length : 1) } : undefined,
  write: (value, { width }) => String(value).padStart(Number(width), "0"),
  example: () => 7,
};

const kinds: readonly Kind[] = [clock, number];

/** Values from which a style is found, and styles that are compared. */
const LOOKED_AT = { values: 200, styles: 64 } as const;

/** All styles that have one of the shown options of each aspect. */
function stylesOf(shown: readonly Style[]): Style[] {
  const options = new Map<string, Set<string>>();
  for (const style of shown)
    for (const [aspect, option = ""] of Object.entries(style))
      options.set(aspect, (options.get(aspect) ?? new Set()).add(option));
  let styles: Style[] = [{}];
  for (const [aspect, found] of options)
    styles = styles
      .flatMap((style) => [...found].map((option) => ({ ...style, [aspect]: option })))
      .slice(0, LOOKED_AT.styles);
  return styles;
}

/** A cell, and the value that it is read as. */
type ReadCell = Readonly<{ cell: string; value: number }>;

/** How most of these cells are written, by an example; undefined where flowify writes them so anyway. */
export function styleOf(cells: readonly ReadCell[]): string | undefined {
  const some = cells.slice(0, LOOKED_AT.values);
  const kind = kinds.find(({ shown }) => some[0] && shown(some[0].cell));
  const agreeing = (write: (value: number) => string): number =>
    some.filter(({ cell, value }) => write(value) === cell).length;
  const [plain, most] = [agreeing(String), some.length];
  if (kind === undefined || plain === most) return undefined;
  const styles = stylesOf(some.map(({ cell }) => kind.shown(cell) ?? {}));
  const counts = styles.map((style) => agreeing((value) => kind.write(value, style)));
  const best = Math.max(...counts);
  const style = styles[counts.indexOf(best)] ?? {};
  return best > plain ? kind.write(kind.example(style), style) : undefined;
}

/** A value in the style of an example. */
export function inStyle(value: number, example: string): string {
  for (const { shown, write } of kinds) {
    const style = shown(example);
    if (style) return write(value, style);
  }
  return String(value);
}
