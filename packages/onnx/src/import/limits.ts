import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { DataError } from "@flowify/core";

/** Fields with nested messages, by number, to count the messages. */
type Nested = { [field: number]: Nested };

const tensor: Nested = { 13: {} };
const attribute: Nested = { 5: tensor, 10: tensor };
const node: Nested = { 5: attribute, 9: {} };
const value: Nested = { 2: { 1: { 2: { 1: {} } } }, 4: {} };
const graph: Nested = { 1: node, 5: tensor, 11: value, 12: value, 13: value, 14: {}, 15: {}, 16: {} };
const model: Nested = { 7: graph, 8: {}, 14: {}, 20: { 1: graph, 2: graph }, 25: { 7: node, 11: attribute } };
attribute[6] = graph;
attribute[11] = graph;

/** Most messages of one file. Each needs up to a kibibyte after decoding; a network has some thousands. */
const MOST_MESSAGES = 500_000;

/**
 * Counts the messages of a file without decoding it.
 *
 * @throws DataError if its decoded form would not fit in memory; the errors of protobuf for another format
 */
export function expectModestSize(bytes: Uint8Array): void {
  let left = MOST_MESSAGES;
  const walk = (reader: BinaryReader, nested: Nested): void => {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      const below = type === WireType.LengthDelimited ? nested[field] : undefined;
      if (!below) {
        reader.skip(type, field);
        continue;
      }
      if (--left < 0)
        throw new DataError(
          `its graph has more than ${MOST_MESSAGES} nodes, attributes and tensors\nexport a smaller part of it`,
        );
      walk(new BinaryReader(reader.bytes()), below);
    }
  };
  walk(new BinaryReader(bytes), model);
}
