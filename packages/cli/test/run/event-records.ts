/** What an event file holds, read by the words of the format, apart from the code that writes it. */
export type EventRecord = {
  wallTime?: number;
  step: number;
  version?: string;
  started?: boolean;
  scalars: { [tag: string]: number };
};

/** CRC-32C bit by bit, as RFC 3720 defines it, and the mask of TensorFlow's record files. */
export function maskedChecksum(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const carry = (sum ^ (byte >>> bit)) & 1;
      sum = carry ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
    }
  sum = ~sum >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** Cuts a file into records and checks both checksums of each. */
function* recordsOf(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (file.readUInt32LE(at + 8) !== maskedChecksum(file.subarray(at, at + 8))) throw new Error("length");
    const data = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 12 + length) !== maskedChecksum(data)) throw new Error("data");
    yield data;
    at += 16 + length;
  }
}

type Field = { number: number; value: number | Buffer };

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const number = key >>> 3;
    const wire = key & 7;
    if (wire === 0) fields.push({ number, value: varint() });
    else {
      const length = wire === 2 ? varint() : wire === 1 ? 8 : 4;
      const content = bytes.subarray(at, at + length);
      at += length;
      fields.push({
        number,
        value: wire === 2 ? content : wire === 1 ? content.readDoubleLE() : content.readFloatLE(),
      });
    }
  }
  return fields;
}

const fieldOf = (message: Field["value"], number: number): Field["value"] | undefined =>
  fieldsOf(message as Buffer).find((field) => field.number === number)?.value;

/** The events of a file. */
export const eventsOf = (file: Buffer): EventRecord[] =>
  [...recordsOf(file)].map((data) => {
    const event: EventRecord = { step: 0, scalars: {} };
    for (const { number, value } of fieldsOf(data)) {
      if (number === 1) event.wallTime = value as number;
      if (number === 2) event.step = value as number;
      if (number === 3) event.version = value.toString();
      if (number === 7) event.started = fieldOf(value, 1) === 1;
      if (number === 5)
        for (const { value: entry } of fieldsOf(value as Buffer))
          event.scalars[String(fieldOf(entry, 1))] = fieldOf(entry, 2) as number;
    }
    return event;
  });
