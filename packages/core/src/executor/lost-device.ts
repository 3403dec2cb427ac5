import { DeviceError } from "../errors.js";
import type { Executor } from "./executor.js";

/** WebGPU's information about a lost device. */
type Loss = Readonly<{ reason: string; message: string }>;

/**
 * An executor on a device that may be lost: failures are `DeviceError`s, and all calls fail once the device is lost.
 * The arrays on it are lost.
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
      await Promise.resolve(); // the loss may be reported after the failures that it causes
      if (loss) throw gone(loss, cause);
      throw new DeviceError(`${name}: the device failed: ${String(cause)}`, { cause });
    }
  };
  return {
    ...executor,
    async compile(f, specs, options) {
      const compiled = await guard(() => executor.compile(f, specs, options));
      return { ...compiled, run: (args, into) => guard(() => compiled.run(args, into)) };
    },
    place: (tree) => guard(() => executor.place(tree)),
    fetch: (tree) => guard(() => executor.fetch(tree)),
  };
}
