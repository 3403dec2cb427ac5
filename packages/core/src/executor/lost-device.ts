import { DeviceError } from "../errors.js";
import type { Compiled, Executor } from "./executor.js";

/** What WebGPU says of a device that is gone. */
type Loss = Readonly<{ reason: string; message: string }>;

/**
 * An executor on a device that may be lost: what fails there is a `DeviceError`, and once the device
 * is lost everything fails. What was placed on it is lost with it.
 */
export function onDevice(executor: Executor, lost: Promise<Loss>): Executor {
  const { name } = executor;
  let loss: Loss | undefined;
  void lost.then((found) => {
    loss = found;
  });
  const gone = ({ message, reason }: Loss, cause?: unknown): DeviceError =>
    new DeviceError(`${name}: the device was lost (${message || reason})`, { cause });
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (loss) throw gone(loss);
    try {
      return await work();
    } catch (cause) {
      await Promise.resolve(); // the loss itself may be told after what it broke
      if (loss) throw gone(loss, cause);
      throw new DeviceError(`${name}: the device failed: ${String(cause)}`, { cause });
    }
  };
  return {
    ...executor,
    async compile(f, specs, options) {
      const compiled = await guard(() => executor.compile(f, specs, options));
      const guarded: Compiled = { ...compiled, run: (args, into) => guard(() => compiled.run(args, into)) };
      return guarded;
    },
    place: (tree) => guard(() => executor.place(tree)),
    fetch: (tree) => guard(() => executor.fetch(tree)),
  };
}
