import { expect, test, vi } from "vitest";
import { nativeExecutor } from "../src/index.js";

vi.mock("onnxruntime-node", () => {
  throw new Error("no library for this platform");
});

test("says what is missing, and what to use instead", async () => {
  await expect(nativeExecutor()).rejects.toMatchObject({
    name: "DeviceError",
    code: "DEVICE",
    message: expect.stringContaining("use the Wasm executor"),
  });
});
