import { type Block, rowName } from "./block.js";
import { cellText } from "./cell.js";
import { LISTED, listFirst, type Table } from "./table.js";

/** Different rows that are remembered, the first ones. */
const MOST = 2 ** 20;

/** An identifier that comes twice is a mistake where nearly all come once. */
const RARE = 0.1;

/** Names of columns that number rows. */
export const ID_NAME = /(^|[^a-z])(id|uuid|key|index|row)$/i;

type Repeats = { seen: Set<number>; count: number; first: string[] };

const noRepeats = (): Repeats => ({ seen: new Set(), count: 0, first: [] });

function look({ seen, first, ...repeats }: Repeats, text: string, say: () => string): number {
  const hash = hashOf(text);
  if (!seen.has(hash)) {
    if (seen.size < MOST) seen.add(hash);
    return repeats.count;
  }
  if (first.length < LISTED) first.push(say());
  return repeats.count + 1;
}

/** A table that is watched while it is read: rows that are the same as an earlier one in all columns, and names of rows that occur before. */
export function watchRepeats(table: Table): { table: Table; notes(): string[] } {
  const rows = noRepeats();
  const ids = table.names.flatMap((name, at) =>
    ID_NAME.test(name) ? [{ name, at, repeats: noRepeats() }] : [],
  );
  let total = 0;
  const take = (block: Block, row: number): void => {
    const texts = block.columns.map((column) => cellText(column.at(row)));
    const called = `row ${rowName(block, row)}`;
    rows.count = look(rows, texts.join("\0"), () => called);
    for (const { at, repeats } of ids)
      if (texts[at] !== "")
        repeats.count = look(
          repeats,
          texts[at]!,
          () => `${called} holds ${JSON.stringify(texts[at]!.slice(0, 40))}`,
        );
    total++;
  };
  return {
    table: {
      ...table,
      async *blocks(range) {
        for await (const block of table.blocks(range)) {
          for (let row = 0; row < block.count; row++) take(block, row);
          yield block;
        }
      },
    },
    notes: () => [
      ...ids
        .filter(({ repeats: { count } }) => count > 0 && count <= RARE * total)
        .map(
          ({ name, repeats }) =>
            `"${name}": ${times(repeats.count)} holds a value that occurs before: ${listFirst(repeats.first, repeats.count)}`,
        ),
      ...(rows.count > 0
        ? [`${times(rows.count)} is the same as an earlier one: ${listFirst(rows.first, rows.count)}`]
        : []),
    ],
  };
}

const times = (count: number): string => (count === 1 ? "1 row" : `each of ${count} rows`);

/** 53 bits of a text: a pair of multiplicative hashes, mixed. Source: bryc, "cyrb53". */
function hashOf(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (b & 0x1f_ffff) + (a >>> 0);
}
