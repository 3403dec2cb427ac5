import * as onnx from "onnx-buf";

/** Entries of constants: integers of 64 bits are bigints, all other numbers are numbers. */
export type Entries = Float32Array | Float64Array | BigInt64Array | BigUint64Array;

/** A type of ONNX's tensors. */
export type Element = Readonly<{
  /** Its code in ONNX. */
  code: number;
  kind: "float" | "int" | "bool";
  bytes: number;
  room(count: number): Entries;
  /**
   * Converts an exact result to this type: floats are rounded, integers (bigints) wrap around. A float is converted to
   * an integer by rounding toward zero and clamping to the range, NaN becomes 0: ONNX leaves these cases undefined.
   */
  hold(value: number | bigint): number | bigint;
  /** Entry of raw bytes. */
  read(view: DataView, offset: number): number | bigint;
  /** Entries from a typed field instead of raw bytes, if the field holds this type. */
  field(tensor: onnx.TensorProto): readonly (number | bigint)[];
}>;

const Type = onnx.TensorProto_DataType;

/** Decodes 16 bits according to IEEE 754. */
export const float16 = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** The bits of the nearest number of 16 bits. */
export function halfOf(value: number): number {
  const [size, sign] = [
    rounded(Math.abs(value), 10, -14, 15),
    value < 0 || Object.is(value, -0) ? 0x8000 : 0,
  ];
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024);
}

/** Numbers of 16 bits as ONNX Runtime returns them: bits, or numbers where the language has such arrays. */
export const fromHalves = (data: ArrayLike<number>): Float32Array =>
  data instanceof Uint16Array ? Float32Array.from(data, float16) : Float32Array.from(data);

const bfloat16 = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
};

/**
 * Rounds to `digits` binary digits after the first, to nearest, ties to even; `least` and `most` limit the exponent.
 */
function rounded(value: number, digits: number, least: number, most: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const exponent = Math.max(((view.getUint16(0) >> 4) & 0x7ff) - 1023, least);
  const step = 2 ** (exponent - digits);
  const sign = Math.sign(value);
  // The sum has no fractional digits.
  const size = (Math.abs(value) / step + 2 ** 52 - 2 ** 52) * step;
  return sign * (size < 2 ** (most + 1) ? size : Number.POSITIVE_INFINITY);
}

const float = (
  code: number,
  bytes: number,
  round: (value: number) => number,
  at: Pick<Element, "room" | "read" | "field">,
): Element => ({ code, kind: "float", bytes, hold: (value) => round(Number(value)), ...at });

const halves = (
  code: number,
  decode: (bits: number) => number,
  digits: number,
  least: number,
  most: number,
) =>
  float(code, 2, (value) => rounded(value, digits, least, most), {
    room: (count) => new Float32Array(count),
    read: (view, at) => decode(view.getUint16(at, true)),
    field: (t) => t.int32Data.map(decode),
  });

/** An integer type; `room` is an array type that holds all of its numbers. */
function integer(
  code: number,
  bits: number,
  signed: boolean,
  at: Pick<Element, "read"> & Partial<Pick<Element, "field" | "room">>,
): Element {
  const wrap = (value: bigint): bigint => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  const [low, high] = signed
    ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
    : [0n, 2n ** BigInt(bits) - 1n];
  const whole = (value: number): bigint => {
    if (Number.isNaN(value)) return 0n;
    const inside = Math.min(Math.max(Math.trunc(value), Number(low)), Number(high));
    return inside === Number(high) ? high : BigInt(inside);
  };
  const result = (value: bigint) => (bits === 64 ? value : Number(value));
  return {
    code,
    kind: "int",
    bytes: bits / 8,
    room: (count) => new Float64Array(count),
    hold: (value) => result(typeof value === "bigint" ? wrap(value) : whole(value)),
    // Types of small integers share this field.
    field: (t) => t.int32Data.map(BigInt),
    ...at,
  };
}

const elements: readonly Element[] = [
  float(Type.FLOAT, 4, Math.fround, {
    room: (count) => new Float32Array(count),
    read: (v, at) => v.getFloat32(at, true),
    field: (t) => t.floatData,
  }),
  float(Type.DOUBLE, 8, (value) => value, {
    room: (count) => new Float64Array(count),
    read: (v, at) => v.getFloat64(at, true),
    field: (t) => t.doubleData,
  }),
  halves(Type.FLOAT16, float16, 10, -14, 15),
  halves(Type.BFLOAT16, bfloat16, 7, -126, 127),
  integer(Type.INT64, 64, true, {
    room: (count) => new BigInt64Array(count),
    read: (v, at) => v.getBigInt64(at, true),
    field: (t) => t.int64Data,
  }),
  integer(Type.UINT64, 64, false, {
    room: (count) => new BigUint64Array(count),
    read: (v, at) => v.getBigUint64(at, true),
    field: (t) => t.uint64Data,
  }),
  integer(Type.UINT32, 32, false, { read: (v, at) => v.getUint32(at, true), field: (t) => t.uint64Data }),
  integer(Type.INT32, 32, true, { read: (v, at) => v.getInt32(at, true) }),
  integer(Type.INT16, 16, true, { read: (v, at) => v.getInt16(at, true) }),
  integer(Type.UINT16, 16, false, { read: (v, at) => v.getUint16(at, true) }),
  integer(Type.INT8, 8, true, { read: (v, at) => v.getInt8(at) }),
  integer(Type.UINT8, 8, false, { read: (v, at) => v.getUint8(at) }),
  {
    code: Type.BOOL,
    kind: "bool",
    bytes: 1,
    room: (count) => new Float64Array(count),
    hold: (value) => Number(Number(value) !== 0),
    read: (v, at) => Number(v.getUint8(at) !== 0),
    field: (t) => t.int32Data,
  },
];

const byCode = new Map(elements.map((element) => [element.code, element]));

/** The type with this code, if flowify reads constants of it. */
export const elementOf = (code: number): Element | undefined => byCode.get(code);

/** The name of an element type, `FLOAT8E5M2`, for messages. */
export const typeName = (type: number): string => Type[type] ?? `type ${type}`;

/** Whether this type is allowed for data. */
export const isFloat = (type: number): boolean => elementOf(type)?.kind === "float";
