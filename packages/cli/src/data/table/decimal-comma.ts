import { valueAt } from "../../places.js";
import { cellReader } from "./cell.js";
import { LISTED } from "./table.js";
import { commaNumber } from "./written-as.js";

/** How the numbers of a text file are written, and columns (counted from 0) where that is in doubt. */
export type Decimals = Readonly<{
  /** Numbers are written 1,5. */
  decimalComma: boolean;
  /** With decimal commas: dots stand between thousands, 4.343,50. */
  thousandsDots: boolean;
  /** Some columns have decimal commas, and others decimal points. */
  mixed?: Readonly<{ commas: readonly number[]; points: readonly number[] }>;
  /** The only commas, or dots, stand where they could stand between thousands. */
  doubt?: Readonly<{ columns: readonly number[]; example: string }>;
}>;

/** Part of the cells of a column that have to be numbers. */
const HALF = 0.5;

const DOTS_BETWEEN_THOUSANDS = /^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?$/;
const COMMA_LIKE_THOUSANDS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/**
 * Decides between decimal commas and points. Commas need a column most of whose cells only they make numbers, and no column of which
 * points do the same.
 */
export function decimalsOf(rows: readonly string[][], separator: string): Decimals {
  const columns = separator === "," ? [] : surveyed(rows);
  const indices = (holds: (column: Survey) => boolean): number[] =>
    columns.flatMap((column, i) => (holds(column) ? [i] : []));
  const commas = indices(({ comma, point, present }) => comma > point && comma >= HALF * present);
  const points = indices(({ comma, point, present }) => point > comma && point >= HALF * present);
  const dotted = indices(({ dots, comma, point }) => dots !== undefined && comma >= point);
  const certain = commas.some((i) => valueAt(columns, i).certain);
  // semicolons separate where commas are decimal
  const against = certain || separator === ";" ? points : [...points, ...dotted];
  if (commas.length > 0 && against.length > 0)
    return { decimalComma: false, thousandsDots: false, mixed: { commas, points: against } };
  const decimalComma = commas.length > 0;
  const inDoubt = decimalComma ? !certain : separator === ";" && points.length === 0 && dotted.length > 0;
  const doubtful = decimalComma ? commas : dotted;
  const { commas: comma = "", dots = "" } = columns[doubtful[0] ?? -1] ?? {};
  return {
    decimalComma,
    thousandsDots: decimalComma && dotted.length > 0,
    ...(inDoubt && { doubt: { columns: doubtful, example: decimalComma ? comma : dots } }),
  };
}

/** Cells of a column: all, those that are numbers with decimal commas and with points, and examples. */
type Survey = Readonly<{
  present: number;
  comma: number;
  point: number;
  /** A cell with a decimal comma that no thousands can have. */
  certain: boolean;
  commas?: string;
  dots?: string;
}>;

const surveyed = (rows: readonly string[][]): Survey[] =>
  (rows[0] ?? []).map((_, i) => survey(rows.map((row) => row[i] ?? "")));

function survey(cells: readonly string[]): Survey {
  const reader = cellReader();
  const kinds = cells.map((cell) => {
    const point = reader.read(cell);
    const written = commaNumber(cell);
    return {
      cell,
      point,
      comma: written !== undefined ? reader.read(written) : point === "number" ? "text" : point,
    };
  });
  const isNumber = ({ comma, point }: (typeof kinds)[number]): boolean =>
    comma === "number" || point === "number";
  // the first cell may be the name
  const present = kinds.filter((kind, i) => kind.point !== "missing" && (i > 0 || isNumber(kind)));
  const commas = present.filter(({ comma, point }) => comma === "number" && point !== "number");
  const alike = commas.find(({ cell }) => COMMA_LIKE_THOUSANDS.test(cell))?.cell;
  const dots = present.find(({ cell }) => DOTS_BETWEEN_THOUSANDS.test(cell))?.cell;
  return {
    present: present.length,
    comma: present.filter(({ comma }) => comma === "number").length,
    point: present.filter(({ point }) => point === "number").length,
    certain: commas.some(({ cell }) => !COMMA_LIKE_THOUSANDS.test(cell)),
    ...(alike !== undefined && { commas: alike }),
    ...(dots !== undefined && { dots }),
  };
}

/** What was assumed of the numbers, a line each. */
export function decimalNotes(
  { decimalComma, thousandsDots, mixed, doubt }: Decimals,
  names: readonly string[],
  separators: string,
): string[] {
  const list = (columns: readonly number[]): string =>
    columns
      .slice(0, LISTED)
      .map((i) => JSON.stringify(names[i]))
      .join(", ");
  const [sign, called] = decimalComma ? ["comma", "a decimal comma"] : ["dot", "a decimal point"];
  return [
    ...(decimalComma
      ? [
          `numbers have decimal commas${thousandsDots ? " and dots between thousands (4.343 is 4343)" : ""}, ${separators} separate the cells`,
        ]
      : []),
    ...(mixed
      ? [
          `${list(mixed.commas)}: decimal commas, but ${list(mixed.points)}: decimal points; numbers are read with points, so write all of them like 1234.5`,
        ]
      : []),
    ...(doubt
      ? [
          `${list(doubt.columns)}: the ${sign} in ${doubt.example} is read as ${called}; if it stands between thousands, write ${doubt.example.replace(/[.,]/g, "")}`,
        ]
      : []),
  ];
}
