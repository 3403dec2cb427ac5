import { numpy as np } from "@jax-js/jax";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointError, ShapeError } from "../../src/errors.js";
import { HostArray } from "../../src/params/host-array.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/params/safetensors.js";

const tensors = {
  mask: new HostArray(Uint8Array.of(1, 0, 1), [3], np.bool),
  "params.0.weight": new HostArray(Float32Array.of(1, -2.5, 3, 4, 5, 1e-30), [2, 3], np.float32),
  step: new HostArray(Int32Array.of(-7), [], np.int32),
  scale: new HostArray(Float64Array.of(Math.PI, -0), [2], np.float64),
  key: new HostArray(Uint32Array.of(0xffffffff, 1), [2], np.uint32),
  nothing: new HostArray(new Float32Array(), [0, 4], np.float32),
};

/** A file with a header of our own making. */
function file(header: string | object, data = new Uint8Array(), claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const one = (fields: object, data = new Uint8Array(8)) =>
  file({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } }, data);

describe("safetensors", () => {
  it("reads back what it wrote, names, types, shapes, numbers and metadata", () => {
    const metadata = { step: "469", network: "mnist/fmlp" };
    expect(decodeSafetensors(encodeSafetensors(tensors, metadata))).toEqual({ tensors, metadata });
  });

  it("writes the bytes that the format's description asks for", () => {
    const bytes = encodeSafetensors({ w: new HostArray(Float32Array.of(1, 2), [1, 2], np.float32) });
    const header = '{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
    expect(header.length).toBe(56);
    const expected = Buffer.concat([
      Buffer.from([56, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from(header),
      Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]),
    ]);
    expect(Buffer.from(bytes)).toEqual(expected);
  });

  it("gives equal bytes for equal content in another order, every array aligned", () => {
    const bytes = encodeSafetensors(tensors);
    expect(encodeSafetensors(Object.fromEntries(Object.entries(tensors).reverse()))).toEqual(bytes);
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    for (const [name, { data }] of Object.entries(tensors)) {
      expect((8 + headerBytes + header[name].data_offsets[0]) % data.BYTES_PER_ELEMENT).toBe(0);
    }
  });

  it("copies: the arrays of a Node Buffer do not share its memory", () => {
    const bytes = Buffer.from(encodeSafetensors(tensors));
    const { data } = decodeSafetensors(bytes).tensors["params.0.weight"]!;
    bytes.fill(0);
    expect(data[0]).toBe(1);
    expect(data.buffer.byteLength).toBe(24);
  });

  it("refuses to write data that do not fit their shape, type or name", () => {
    const write = (name: string, array: HostArray) => () => encodeSafetensors({ [name]: array });
    expect(write("w", new HostArray(new Float32Array(2), [3], np.float32))).toThrow(ShapeError);
    expect(write("w", new HostArray(new Float64Array(2), [2], np.float32))).toThrow(
      "w: data of Float64Array given as float32",
    );
    expect(write("w", new HostArray(new Float32Array(2), [2], np.float16))).toThrow(
      "w: float16 cannot be written",
    );
    expect(write("__metadata__", new HostArray(new Float32Array(0), [0], np.float32))).toThrow(ShapeError);
  });

  it("widens the types that jax-js lacks", () => {
    const data = new Uint8Array(19);
    new DataView(data.buffer).setBigInt64(0, -5n, true);
    data.set([0, 127, 255], 16);
    const header = {
      wide: { dtype: "I64", shape: [2], data_offsets: [0, 16] },
      bytes: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    };
    expect(decodeSafetensors(file(header, data)).tensors).toEqual({
      wide: new HostArray(Int32Array.of(-5, 0), [2], np.int32),
      bytes: new HostArray(Int32Array.of(0, 127, 255), [3], np.int32),
    });
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "0 bytes, too short"],
    ["a file of 7 bytes", new Uint8Array(7), "7 bytes, too short"],
    ["a header longer than the file", file("{}", new Uint8Array(), 3n), "claims 3 bytes, but 2 follow"],
    [
      "a header of 2⁶⁴ − 1 bytes",
      file("{}", new Uint8Array(), 2n ** 64n - 1n),
      "claims 18446744073709551615 bytes",
    ],
    ["a header that is not JSON", file("{nonsense"), "the header is not JSON"],
    ["a header that is not UTF-8", file("{}", new Uint8Array(), 2n).fill(0xff, 8), "the header is not JSON"],
    ["a header that is a list", file("[]"), "not a JSON object"],
    ["an entry that is null", file({ a: null }), "a: its entry in the header is not an object"],
    ["an unknown dtype", one({ dtype: "F8" }), 'a: dtype "F8" is not one of'],
    ["a dtype inherited from Object", one({ dtype: "constructor" }), 'dtype "constructor" is not one of'],
    ["a negative size", one({ shape: [-2] }), "a: shape [-2] is not a list of sizes"],
    ["a size that is no integer", one({ shape: [1.5] }), "is not a list of sizes"],
    ["sizes whose product is huge", one({ shape: [2 ** 40, 2 ** 40] }), "but data_offsets [0, 8] hold 8"],
    ["negative offsets", one({ data_offsets: [-8, 0] }), "data_offsets [-8,0] are not two offsets"],
    ["three offsets", one({ data_offsets: [0, 4, 8] }), "are not two offsets"],
    ["offsets in the wrong order", one({ data_offsets: [8, 0] }), "takes 8 bytes"],
    [
      "offsets that do not fit the shape",
      one({ data_offsets: [0, 4] }),
      "takes 8 bytes, but data_offsets [0, 4] hold 4",
    ],
    ["offsets past the end", one({}, new Uint8Array(4)), "reach past the 4 bytes of data: cut short"],
    ["bytes after the last array", one({}, new Uint8Array(9)), "1 bytes follow the last array"],
    ["a metadata value that is a number", file({ __metadata__: { step: 1 } }), '"step" is not a string'],
    ["metadata that are a list", file({ __metadata__: [] }), "not an object of strings"],
    [
      "a BOOL of 2",
      file({ a: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] } }, Uint8Array.of(2)),
      "a: holds a BOOL that is not 0 or 1",
    ],
    [
      "a gap between arrays",
      file(
        {
          a: { dtype: "U8", shape: [1], data_offsets: [0, 1] },
          b: { dtype: "U8", shape: [1], data_offsets: [2, 3] },
        },
        new Uint8Array(3),
      ),
      "b: begins at byte 2 of the data, expected 1: a gap or an overlap",
    ],
    [
      "arrays that overlap",
      file(
        {
          a: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
          b: { dtype: "U8", shape: [2], data_offsets: [1, 3] },
        },
        new Uint8Array(3),
      ),
      "b: begins at byte 1 of the data, expected 2: a gap or an overlap",
    ],
    [
      "an array named __proto__",
      file('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', new Uint8Array(1)),
      'the array name "__proto__" is not allowed',
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(CheckpointError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it("leaves no trace of hostile keys in the prototypes", () => {
    const read = (text: string) => decodeSafetensors(file(`{"__metadata__":${text}}`));
    expect(() => read('{"__proto__":"x"}')).toThrow('the key "__proto__" is not allowed');
    expect(read('{"constructor":"y"}').metadata.constructor).toBe("y");
    expect({}.constructor).toBe(Object);
  });

  it("answers any bytes with arrays or a CheckpointError", () => {
    const good = encodeSafetensors(tensors, { a: "b" });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, cut) => {
        const bytes = good.slice(0, cut === 0 ? good.length : cut);
        if (at < bytes.length) bytes[at] = value;
        const read = (): unknown => {
          try {
            return decodeSafetensors(bytes).tensors;
          } catch (error) {
            return error instanceof CheckpointError;
          }
        };
        expect(read()).toBeTruthy();
      }),
      { numRuns: 500 },
    );
  });
});
