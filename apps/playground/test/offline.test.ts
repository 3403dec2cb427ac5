import { expect, test } from "vitest";
import { versionOf } from "../offline.js";

const files = new Map<string, string | Uint8Array>([
  ["assets/index-a1.js", "start()"],
  ["classifier.onnx", Uint8Array.of(1, 2, 3)],
]);

test("the kept version is another one where one byte of a file without a hash in its name is", () => {
  const version = versionOf(files);
  expect(versionOf(new Map([...files].reverse()))).toBe(version);
  expect(versionOf(new Map([...files, ["classifier.onnx", Uint8Array.of(1, 2, 4)]]))).not.toBe(version);
  expect(versionOf(new Map([...files, ["theme.js", ""]]))).not.toBe(version);
});
