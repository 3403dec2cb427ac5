import { describe, expect, it } from "vitest";
import { unpackZstd } from "../../../src/data/table/zstd.js";
import { zstdFrameOf } from "./arrow-files.js";

describe("a frame of Zstandard", () => {
  const plain = Uint8Array.from({ length: 300 }, (_, i) => i);
  const frame = zstdFrameOf(plain);

  it("is unpacked to its bytes, also where its header has no size", () => {
    expect(unpackZstd(frame, 300)).toEqual(plain);
    // a window of 1 KiB instead of a size
    const open = Uint8Array.of(...frame.subarray(0, 4), 0, 0, ...frame.subarray(9));
    expect(unpackZstd(open, 300)).toEqual(plain);
  });

  it.each<[string, Uint8Array, number, string]>([
    ["another size", frame, 299, "300 bytes, expected 299"],
    ["a size of 4 GiB", frame.with(8, 255), 300, "expected 300"],
    ["an end that is missing", frame.subarray(0, 100), 300, "damaged Zstandard"],
    ["a header that is cut short", frame.subarray(0, 6), 300, "cut short"],
    ["other bytes in front", plain, 300, "no frame of Zstandard"],
    ["a second frame", Uint8Array.of(...frame, ...zstdFrameOf(new Uint8Array())), 300, "damaged Zstandard"],
  ])("is refused with %s", (_, bytes, size, message) => {
    expect(() => unpackZstd(bytes, size)).toThrow(message);
    expect(() => unpackZstd(bytes, size)).toThrow(RangeError);
  });
});
