import type { Lazy } from "./lazy.js";
import type { ElementType, Initializer } from "./model.js";
import type { Origin } from "./origins.js";

/** Type and shape of an ONNX value. */
export type ValueType = Readonly<{ type: ElementType; shape: readonly number[] }>;

type Constant = Initializer["data"];

/** Most bytes of a constant for detecting duplicates. */
const LONGEST_KEY = 65536;

/** The values of a graph: names, types and shapes, constants, and how rules made them. */
export class Values {
  readonly #types = new Map<string, ValueType>();
  readonly #constants = new Map<string, Initializer>();
  readonly #constantKeys = new Map<string, string>();
  readonly #used = new Map<string, number>(); // with the last number that was put behind a name
  readonly #made = new Map<string | object, unknown>();
  readonly #origins = new Map<Lazy | string, Origin>();

  /** Makes a name unique; its first use stays unchanged. */
  unique(name: string): string {
    let result = name;
    let i = this.#used.get(name) ?? 1;
    while (this.#used.has(result)) result = `${name}.${++i}`;
    this.#used.set(name, i).set(result, 1);
    return result;
  }

  declare(name: string, type: ElementType, shape: readonly number[]): string {
    this.#types.set(name, { type, shape });
    return name;
  }

  typeOf(name: string): ElementType {
    return this.#type(name).type;
  }

  shapeOf(name: string): readonly number[] {
    return this.#type(name).shape;
  }

  /** The data of a constant, or undefined for any other value. */
  constantOf(name: string): Initializer | undefined {
    return this.#constants.get(name);
  }

  /** The value of a constant of one number, or undefined for any other value. */
  numberOf(name: string): number | undefined {
    const { data } = this.constantOf(name) ?? {};
    return data?.length === 1 ? Number(data[0]) : undefined;
  }

  /** Records how a view, or a value by name, was made. */
  remember(value: Lazy | string, origin: Origin): void {
    this.#origins.set(value, { ...this.#origins.get(value), ...origin });
  }

  originOf(value: Lazy | string): Origin {
    return this.#origins.get(value) ?? {};
  }

  /** What rules make of numbers alone, once for each key. */
  once<T>(key: string | object, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T; // of the same key
  }

  /** A constant tensor; equal ones share one initializer. */
  constant(data: Constant, type: ElementType, shape: readonly number[]): string {
    // Compares bytes, because 0 and −0 are different constants. Very long ones are not compared.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = bytes.length <= LONGEST_KEY ? `${type}|${shape.join()}|${bytes.join()}` : undefined;
    const found = key === undefined ? undefined : this.#constantKeys.get(key);
    if (found !== undefined) return found;
    const text = data.length === 1 ? String(data[0]) : `${type}[${shape.join()}]`;
    const name = this.declare(this.unique(`const ${text}`), type, shape);
    this.#constants.set(name, { name, type, shape, data });
    if (key !== undefined) this.#constantKeys.set(key, name);
    return name;
  }

  /** A constant int64 vector, for shapes and axes in ONNX. */
  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), "int64", [values.length]);
  }

  constantsAmong(names: ReadonlySet<string>): Initializer[] {
    return [...this.#constants.values()].filter(({ name }) => names.has(name));
  }

  #type(name: string): ValueType {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`unknown ONNX value ${name}`);
    return type;
  }
}
