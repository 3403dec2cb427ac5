import type { FlatTable } from "./flat-buffer.js";

/** Units of time, as parts of a second. */
const UNITS = [1, 1e3, 1e6, 1e9] as const;

/** What a column holds, as far as a table takes it. */
export type ArrowType =
  | Readonly<{ kind: "int"; bits: number; signed: boolean }>
  | Readonly<{ kind: "float"; bits: number }>
  | Readonly<{ kind: "decimal"; bits: number; scale: number }>
  | Readonly<{ kind: "text"; wide: boolean }>
  | Readonly<{ kind: "textView" }>
  | Readonly<{ kind: "bool" }>
  | Readonly<{ kind: "null" }>
  /** A whole number of parts of a second: since 1970 for an instant. */
  | Readonly<{ kind: "instant" | "duration"; bits: number; perSecond: number }>
  /** Anything else: passed over. `buffers`: of the column itself. */
  | Readonly<{ kind: "other"; what: string; buffers: number; children: readonly ArrowType[] }>;

/** With `dictionary`, the column holds places in the dictionary of this number, whose values are of its type. */
export type ArrowField = Readonly<{
  name: string;
  type: ArrowType;
  dictionary?: Readonly<{ id: number; index: ArrowType }>;
}>;

const other = (what: string, buffers: number, field: FlatTable): ArrowType => ({
  kind: "other",
  what,
  buffers,
  children: field.tables(5).map((child) => fieldOf(child).type),
});

const intOf = (type: FlatTable | undefined): ArrowType => ({
  kind: "int",
  bits: type?.int32(0) ?? 32,
  signed: type === undefined || (type.uint8(1) ?? 0) === 1,
});

/** Types by their number in the format. */
const types: Readonly<Record<number, (type: FlatTable, field: FlatTable) => ArrowType>> = {
  1: () => ({ kind: "null" }),
  2: intOf,
  3: (type) => ({ kind: "float", bits: 16 * 2 ** (type.int16(0) ?? 0) }),
  4: (_, field) => other("bytes", 3, field),
  5: () => ({ kind: "text", wide: false }),
  6: () => ({ kind: "bool" }),
  7: (type) => ({ kind: "decimal", bits: type.int32(2) ?? 128, scale: type.int32(1) ?? 0 }),
  8: (type) =>
    (type.int16(0) ?? 1) === 0
      ? { kind: "instant", bits: 32, perSecond: 1 / 86_400 }
      : { kind: "instant", bits: 64, perSecond: 1e3 },
  9: (type) => ({ kind: "duration", bits: type.int32(1) ?? 32, perSecond: UNITS[type.int16(0) ?? 1] ?? 1 }),
  10: (type) => ({ kind: "instant", bits: 64, perSecond: UNITS[type.int16(0) ?? 0] ?? 1 }),
  11: (_, field) => other("intervals", 2, field),
  12: (_, field) => other("lists", 2, field),
  13: (_, field) => other("structs", 1, field),
  15: (_, field) => other("bytes", 2, field),
  16: (_, field) => other("lists", 1, field),
  17: (_, field) => other("maps", 2, field),
  18: (type) => ({ kind: "duration", bits: 64, perSecond: UNITS[type.int16(0) ?? 1] ?? 1 }),
  19: (_, field) => other("bytes", 3, field),
  20: () => ({ kind: "text", wide: true }),
  21: (_, field) => other("lists", 2, field),
  24: () => ({ kind: "textView" }),
};

/** @throws RangeError for a type that cannot be passed over */
function fieldOf(field: FlatTable): ArrowField {
  const name = field.text(0) ?? "";
  const number = field.uint8(2) ?? 0;
  const type = field.table(3);
  const make = types[number];
  if (make === undefined || type === undefined)
    throw new RangeError(`column ${JSON.stringify(name)} is of the type ${number}, which is not supported`);
  const encoding = field.table(4);
  return {
    name,
    type: make(type, field),
    ...(encoding && { dictionary: { id: encoding.int64(0) ?? 0, index: intOf(encoding.table(1)) } }),
  };
}

/**
 * The columns of a schema.
 *
 * @throws RangeError for numbers in the other byte order, and types that are not supported
 */
export function fieldsOf(schema: FlatTable): ArrowField[] {
  if ((schema.int16(0) ?? 0) !== 0) throw new RangeError("numbers are big-endian, expected little-endian");
  return schema.tables(1).map(fieldOf);
}
