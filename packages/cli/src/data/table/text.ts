import { DataError } from "@flowify/core";

/** The bytes of a text file from its start, unpacked, some at a time. */
export type Pieces = () => AsyncIterable<Uint8Array>;

/** The characters of a text file. */
export type Text = Readonly<{
  /** For messages. */
  name: string;
  encoding: "utf-8" | "latin1" | "utf-16le";
  /** The first characters; `whole`: there are no others. */
  head: string;
  whole: boolean;
  /** All characters from the start, without a byte-order mark, some at a time. */
  chunks(): AsyncGenerator<string>;
}>;

/** What Excel writes in front of a table for itself, and what no text holds. */
const [SEPARATOR_LINE, NOTHING] = [/^"?sep=.?"?\r?\n/i, /(?!)/];

/** Characters from which the dialect of a table is guessed. */
const HEAD = 2 ** 20;

/**
 * Reads a text file once, to know how it is written: UTF-16 by its mark, else UTF-8 if all of it is, else Latin-1 (Windows-1252).
 *
 * @throws DataError for UTF-16 in big-endian order, and for zero bytes
 */
export async function openText(name: string, pieces: Pieces): Promise<Text> {
  const encoding = await encodingOf(name, pieces);
  async function* chunks(): AsyncGenerator<string> {
    const decoder = new TextDecoder(encoding);
    let first = SEPARATOR_LINE;
    for await (const piece of pieces()) {
      yield decoder.decode(piece, { stream: true }).replace(first, "");
      first = NOTHING;
    }
    yield decoder.decode();
  }
  let head = "";
  for await (const chunk of chunks()) {
    head += chunk;
    if (head.length >= HEAD) break;
  }
  return { name, encoding, head: head.slice(0, HEAD), whole: head.length < HEAD, chunks };
}

async function encodingOf(name: string, pieces: Pieces): Promise<Text["encoding"]> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let encoding: Text["encoding"] = "utf-8";
  let isFirst = true;
  for await (const piece of pieces()) {
    if (isFirst && piece[0] === 0xff && piece[1] === 0xfe) return "utf-16le";
    if (isFirst && piece[0] === 0xfe && piece[1] === 0xff)
      throw new DataError(`${name}: UTF-16 in big-endian order, expected UTF-8\nsave the file in UTF-8`);
    isFirst = false;
    if (piece.includes(0))
      throw new DataError(`${name}: holds zero bytes, expected text\nsave the table as CSV, in UTF-8`);
    if (encoding === "utf-8" && !decodes(utf8, piece)) encoding = "latin1";
  }
  return encoding === "utf-8" && !decodes(utf8) ? "latin1" : encoding;
}

function decodes(decoder: TextDecoder, piece?: Uint8Array): boolean {
  try {
    decoder.decode(piece, { stream: piece !== undefined });
    return true;
  } catch {
    return false;
  }
}
