import { numpy as np } from "@jax-js/jax";
import { MONTHS, WEEKDAYS } from "../data/table/calendar.js";
import { codesOf } from "./columns/category.js";
import { ownColumns, type TableColumn } from "./columns/kinds.js";
import { fillOf } from "./columns/number.js";

/** Rows for a flow, and log q in nats of the numbers that fill missing ones, [B]. */
export type FlowInput = Readonly<{ rows: np.Array; fillLog: np.Array }>;

/**
 * Encoded rows [B, columns] as a flow takes them, as `flowRows` makes them but without noise: a missing number is the mean of
 * its column. Consumes the rows.
 */
export function flowInput(columns: readonly TableColumn[]): (x: np.Array) => FlowInput {
  const own = ownColumns(columns);
  const fills = Float32Array.from(own, ({ found }) => (found.range ? fillOf(found) : 0));
  const logs = Float32Array.from(own, ({ found: { range } }) =>
    range ? -Math.log(range.std || 1) - 0.5 * Math.log(2 * Math.PI) : 0,
  );
  const indicators = columns.filter(({ indicator }) => indicator);
  const followers = columns.filter(({ follows }) => follows !== undefined);
  /** The places of the numbers of a row of the flow among own numbers, indicators and followers. */
  const order = Int32Array.from(
    columns.flatMap((column) => {
      if (column.follows) return [own.length + indicators.length + followers.indexOf(column)];
      return column.indicator ? [column.place, own.length + indicators.indexOf(column)] : [column.place];
    }),
  );
  return (x) => {
    const missing = np.isnan(x.ref);
    const fillLog = np.sum(np.where(missing.ref, np.array(logs), 0), 1);
    const at = ({ place }: TableColumn) => [place, place + 1] as const;
    const more = [
      ...indicators.map((column) => missing.ref.slice([], [...at(column)]).astype(np.float32)),
      ...followers.map((column) => followerCodes(column, x.ref.slice([], [...at(column)]))),
    ];
    const values = np.where(missing, np.array(fills), x);
    if (more.length === 0) return { rows: values, fillLog };
    return { rows: np.take(np.concatenate([values, ...more], 1), np.array(order), 1), fillLog };
  };
}

/** The codes of weekdays or months, [B, 1], from dates less their origin. */
function followerCodes({ found, follows }: TableColumn, x: np.Array): np.Array {
  const codes = codesOf(found);
  const codeOf = (name: string | null): number => codes.get(name) ?? codes.size;
  const { part, origin } = follows!;
  const missing = np.isnan(x.ref);
  const day = np.where(missing.ref, 0, x).add(origin);
  const [names, place] = part === "weekday" ? [WEEKDAYS, weekdayPlace(day)] : [MONTHS, monthPlace(day)];
  const known = np.array(Float32Array.from(names, codeOf));
  return np.where(missing, codeOf(null), np.take(known, place.astype(np.int32)));
}

const floorOf = (x: np.Array, by: number): np.Array => np.floor(x.div(by));

/** 0 for Monday; 1970-01-01 was a Thursday. */
function weekdayPlace(day: np.Array): np.Array {
  const since = day.add(3);
  return since.ref.sub(floorOf(since, 7).mul(7));
}

/**
 * 0 for January, of whole days since 1970: exact in float32.
 *
 * Source: Howard Hinnant, "chrono-compatible low-level date algorithms" (2021), `civil_from_days`.
 */
function monthPlace(day: np.Array): np.Array {
  const since = day.add(719_468); // from 0000-03-01 on
  const ofEra = since.ref.sub(floorOf(since, 146_097).mul(146_097));
  const leap = floorOf(ofEra.ref, 1460).sub(floorOf(ofEra.ref, 36_524)).add(floorOf(ofEra.ref, 146_096));
  const year = floorOf(ofEra.ref.sub(leap), 365);
  const before = year.ref.mul(365).add(floorOf(year.ref, 4)).sub(floorOf(year, 100));
  const fromMarch = floorOf(ofEra.sub(before).mul(5).add(2), 153);
  return np.where(np.less(fromMarch.ref, 10), fromMarch.ref.add(2), fromMarch.sub(10));
}
