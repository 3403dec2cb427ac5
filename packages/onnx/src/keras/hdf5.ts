import { DataError } from "@flowify/core";
import { loadOptional } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { hasSoundHeaps } from "./heaps.js";
import type { Weight } from "./topology.js";

type Library = typeof import("h5wasm");
type File = InstanceType<Library["File"]>;

/** A file may declare 100 times its own size, for arrays that are stored packed, and 16 MiB in any case. */
const LARGEST_RATIO = 100;
const ANY_RATIO_UP_TO = 2 ** 24;

/** Of h5wasm's classes of numbers: integers, floats, and booleans, which are stored as an enumeration. */
const NUMBERS = [0, 1, 8];

/** A file in HDF5 in memory, read by the optional package `h5wasm`. */
export class Hdf5 {
  /** Bytes of the arrays that were read. */
  #read = 0;

  private constructor(
    readonly size: number,
    private readonly file: File,
    /** Removes the copy in the library's memory. */
    private readonly remove: () => void,
    /** Stands in front of messages. */
    private readonly where: string,
  ) {}

  /**
   * @param where stands in front of messages: the name of a file within another
   * @throws DataError for another kind of file, one that is cut short or damaged; UsageError if `h5wasm` is not
   * installed
   */
  static async open(bytes: Uint8Array, where = ""): Promise<Hdf5> {
    if (!hasSoundHeaps(bytes)) throw damaged(where, "the sizes of a heap");
    const { File, ready } = await library();
    const module = await ready;
    module.activate_throwing_error_handler(); // it prints otherwise
    const path = `/${crypto.randomUUID()}.h5`;
    const files = module.FS as {
      writeFile(path: string, data: Uint8Array): void;
      unlink(path: string): void;
    };
    files.writeFile(path, bytes);
    const remove = (): void => files.unlink(path);
    try {
      return new Hdf5(bytes.length, new File(path, "r"), remove, where);
    } catch (cause) {
      remove();
      throw damaged(where, cause);
    }
  }

  /** Strings of an attribute, one or a list; undefined if missing. */
  texts(path: string, name: string): readonly string[] | undefined {
    const value = this.#try(() => {
      const object = this.file.get(path);
      return object && "attrs" in object ? object.attrs[name]?.value : undefined;
    });
    if (value === undefined || value === null) return undefined;
    const many = Array.isArray(value) || ArrayBuffer.isView(value); // h5py writes an empty list as numbers
    const list: unknown[] = many ? [...(value as Iterable<unknown>)] : [value];
    if (list.every((each) => typeof each === "string")) return list;
    throw new DataError(`${this.where}${path}: the attribute ${name} is no text\nsave the model again`);
  }

  /**
   * An array of numbers; undefined if missing.
   *
   * @throws DataError for other types, and for arrays so large that the file is a decompression bomb
   */
  weight(path: string): Weight | undefined {
    const found = this.#try(() => {
      const object = this.file.get(path);
      return object && "metadata" in object && "shape" in object ? object : undefined;
    });
    if (!found) return undefined;
    const { shape, type, size } = this.#try(() => found.metadata);
    const what = `${this.where}${JSON.stringify(path)}`;
    if (!shape || !NUMBERS.includes(type) || (type === 1 && size < 4))
      throw new DataError(`${what}: its numbers are not float32, float64 or whole numbers\nsave float32`);
    this.#read += sizeOf(shape) * size;
    if (!(this.#read <= Math.max(LARGEST_RATIO * this.size, ANY_RATIO_UP_TO)))
      throw new DataError(
        `${what}: [${shape.join(", ")}] numbers in a file of ${this.size} bytes: more than ${LARGEST_RATIO} times its size\nsave the model again`,
      );
    const value = this.#try(() => found.value);
    const data = ArrayBuffer.isView(value) ? (value as Float32Array | BigInt64Array) : [value];
    return { shape, data: Float32Array.from(data as ArrayLike<number | bigint>, Number) };
  }

  close(): void {
    try {
      this.#try(() => this.file.close()); // fails after the library has failed within a damaged file
    } finally {
      this.remove();
    }
  }

  #try<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw damaged(this.where, cause);
    }
  }
}

const library = (): Promise<Library> =>
  loadOptional(() => import("h5wasm"), {
    name: "h5wasm",
    what: "HDF5, the format of .h5 and .keras files,",
  });

/** The library's message is the path of its calls, one a line; the last is the reason. */
function damaged(where: string, cause: unknown): DataError {
  const reasons = [...String(cause).matchAll(/#\d+: .* in (\w+\(\): .*)/g)];
  const reason = reasons.at(-1)?.[1] ?? String(cause);
  return new DataError(
    `${where}damaged, cut short, or not a file in HDF5 (${reason})\ncopy it again, or save the model again`,
    {
      cause,
    },
  );
}
