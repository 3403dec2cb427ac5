import { DataError } from "@flowify/core";
import { printable } from "../ui/printable.js";
import { FETCH_AGAIN } from "./packed.js";
import { allocate } from "./room.js";

/** The content of a NumPy file of unsigned bytes: sizes of the axes and the elements, row-major. */
export type NpyArray = Readonly<{ sizes: readonly number[]; data: Uint8Array }>;

const MAGIC = "\x93NUMPY";
const UNSIGNED_BYTE = /^[|<>=]?u1$/;
/** NumPy itself refuses longer headers where it cannot trust them. */
const LONGEST_HEADER = 65_536;

const field = (header: string, name: string, value: string): RegExpExecArray | null =>
  new RegExp(`['"]${name}['"]\\s*:\\s*${value}\\s*[,}]`).exec(header);

/** What to do about elements that are no unsigned bytes. */
function typeProblem(type: string): string {
  const saved = (values: string): string => `in Python: numpy.save("images.npy", ${values})`;
  if (type.includes("O"))
    return `holds Python objects (a pickle), which can run any program and is never read\n${saved('numpy.stack(list(x)).astype("uint8")')}`;
  return `holds ${type}, expected unsigned bytes (|u1)\nbring the values to 0..255 and save these, ${saved('x.round().astype("uint8")')}`;
}

/** Sizes from the text of a header, a dictionary as Python writes it. */
function parseHeader(where: string, header: string): number[] {
  const type = field(header, "descr", "(?:'([^']*)'|\"([^\"]*)\"|(\\[.*\\]))");
  const order = field(header, "fortran_order", "(True|False)");
  const shape = field(header, "shape", "\\(([\\d\\s,L]*)\\)");
  if (!type || !order || !shape)
    throw new DataError(
      `${where}: its header has no descr, fortran_order or shape: ${JSON.stringify(header.slice(0, 80))}`,
    );
  const elements = type[1] ?? type[2] ?? `records ${type[3]!.slice(0, 60)}`;
  if (!UNSIGNED_BYTE.test(elements)) throw new DataError(`${where}: ${typeProblem(printable(elements))}`);
  const sizes = (shape[1]!.match(/\d+/g) ?? []).map(Number);
  if (order[1] === "True" && sizes.length > 1)
    throw new DataError(
      `${where}: its elements lie column by column (fortran_order)\nin Python: numpy.save("images.npy", numpy.ascontiguousarray(x))`,
    );
  return sizes;
}

type Head = Readonly<{ sizes: readonly number[]; bytes: number }>;

/** The header, as soon as there is enough of it. */
function parseHead(where: string, head: Buffer): Head | undefined {
  const begin = head.toString("latin1", 0, MAGIC.length);
  if (begin !== MAGIC.slice(0, begin.length))
    throw new DataError(
      `${where}: not a NumPy file: begins with ${head.toString("hex", 0, 6)}, expected 934e554d5059`,
    );
  if (head.length < 12) return undefined;
  const version = head[6]!;
  if (version < 1 || version > 3)
    throw new DataError(`${where}: version ${version} of NumPy's format, expected 1, 2 or 3`);
  const [text, length] = version === 1 ? [10, head.readUInt16LE(8)] : [12, head.readUInt32LE(8)];
  if (length > LONGEST_HEADER)
    throw new DataError(`${where}: a header of ${length} bytes, expected at most ${LONGEST_HEADER}`);
  if (head.length < text + length) return undefined;
  return {
    sizes: parseHeader(where, head.toString("latin1", text, text + length)),
    bytes: text + length,
  };
}

/**
 * Reads a NumPy file of unsigned bytes that comes in pieces and has `size` bytes in all. Nothing is
 * allocated on the word of a header: its sizes must agree with the bytes that are there.
 *
 * @param where the file, for messages
 * @throws DataError that names the file, what was found, what was expected, and what to do
 */
export async function readNpy(
  where: string,
  pieces: AsyncIterable<Uint8Array>,
  size: number,
): Promise<NpyArray> {
  let begun: Buffer = Buffer.alloc(0);
  let head: Head | undefined;
  let data: Uint8Array | undefined;
  let at = 0;
  for await (const piece of pieces) {
    let rest = piece;
    if (head === undefined) {
      begun = Buffer.concat([begun, piece]);
      head = parseHead(where, begun);
      if (head === undefined) continue;
      data = allocate(where, expectElements(where, head, size));
      rest = begun.subarray(head.bytes);
    }
    if (data && at + rest.length <= data.length) data.set(rest, at);
    at += rest.length;
  }
  if (head === undefined || data === undefined) {
    const found = size === 0 ? "empty" : `cut short inside its header: ${begun.length} bytes`;
    throw new DataError(`${where}: ${found}, expected a NumPy file`);
  }
  if (at !== data.length)
    throw new DataError(`${where}: ${at} bytes of elements came, expected ${data.length}: changed meanwhile`);
  return { sizes: head.sizes, data };
}

/** The number of elements, which the size of the file confirms. */
function expectElements(where: string, { sizes, bytes }: Head, size: number): number {
  const shape = sizes.join(" × ");
  if (sizes.includes(0)) throw new DataError(`${where}: its header says ${shape}: it holds no items`);
  const elements = sizes.reduce((product, length) => product * length, 1);
  if (bytes + elements !== size) {
    const verdict = bytes + elements > size ? "cut short, or a false header" : "trailing bytes";
    throw new DataError(
      `${where}: its header says ${shape}, which takes ${bytes + elements} bytes, but the file has ${size}: ${verdict}${FETCH_AGAIN}`,
    );
  }
  return elements;
}
