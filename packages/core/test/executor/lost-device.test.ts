import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { ArraySpec } from "../../src/executor/executor.js";
import { onDevice } from "../../src/executor/lost-device.js";
import { HostArray, jaxExecutor } from "../../src/index.js";

const one = new HostArray(Float32Array.of(2), [1], np.float32);
const square = (x: np.Array) => np.square(x);
const spec = new ArraySpec([1], np.float32);

type Loss = { reason: string; message: string };

function deferred() {
  let resolve: (loss: Loss) => void = () => {};
  const promise = new Promise<Loss>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("an executor on a device that is lost", () => {
  it("computes until then; afterwards everything says what happened", async () => {
    const { promise, resolve } = deferred();
    const executor = onDevice({ ...jaxExecutor(), name: "webgpu" }, promise);
    const compiled = await executor.compile(square, [spec]);
    const result = await compiled.run([one]);
    expect(await executor.fetch(result)).toMatchObject({ data: Float32Array.of(4) });
    resolve({ reason: "destroyed", message: "" });
    await promise;
    const error = { code: "DEVICE", message: "webgpu: the device was lost (destroyed)" };
    await expect(compiled.run([one])).rejects.toMatchObject(error);
    await expect(executor.fetch(result)).rejects.toMatchObject(error);
    await expect(executor.place(one)).rejects.toMatchObject(error);
    await expect(executor.compile(square, [spec])).rejects.toMatchObject(error);
    executor.release(result);
    await compiled.dispose();
  });

  it("names the loss where the failure is told first, and the failure where nothing was lost", async () => {
    const { promise, resolve } = deferred();
    const failing = {
      ...jaxExecutor(),
      name: "webgpu",
      place: async () => {
        resolve({ reason: "unknown", message: "the driver was reset" });
        throw new Error("AbortError");
      },
      fetch: async () => {
        throw new Error("mapAsync failed");
      },
    };
    const executor = onDevice(failing, promise);
    await expect(executor.fetch(one)).rejects.toThrow("webgpu: the device failed: Error: mapAsync failed");
    await expect(executor.place(one)).rejects.toThrow("webgpu: the device was lost (the driver was reset)");
  });
});
