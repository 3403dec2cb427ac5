import { blockUntilReady, getWebGPUDevice, init, type JsTree, jit, numpy as np, tree } from "@jax-js/jax";
import { DeviceError } from "../errors.js";
import { withRefinedLogs } from "../math/log.js";
import { fromHost, toHost } from "../params/host.js";
import { HostArray } from "../params/host-array.js";
import { treeLeaves, treeMap } from "../params/pytree.js";
import type { ArraySpec, Executor, PlacedArray } from "./executor.js";
import { onDevice } from "./lost-device.js";

/**
 * jax-js's own WebAssembly kernels: works anywhere, ready at import.
 *
 * @example
 * ```ts
 * import { FlowModel, flow, jaxExecutor } from "@flowify/core";
 * import { rqSpline } from "@flowify/core/layers";
 *
 * const model = await FlowModel.create(flow([rqSpline([2])]), jaxExecutor());
 * console.log((await model.sample(3)).length);
 * await model.dispose();
 * // 3
 * ```
 */
export const jaxExecutor = (): Executor => ({ ...executorOn("wasm"), name: "jax" });

/**
 * jax-js on WebGPU. Errors: `DeviceError` if there is no adapter, and in all calls after the device is lost.
 *
 * @example
 * ```ts
 * import { jaxExecutor, webgpuExecutor } from "@flowify/core";
 *
 * // Node has no WebGPU
 * const executor = await webgpuExecutor().catch(() => jaxExecutor());
 * console.log(executor.name !== "");
 * // true
 * ```
 */
export async function webgpuExecutor(): Promise<Executor> {
  const devices = await init("webgpu").catch((cause: unknown) => {
    throw new DeviceError("webgpu: no device could be opened", { cause });
  });
  if (!devices.includes("webgpu")) throw new DeviceError("webgpu: this machine has no WebGPU");
  return onDevice(executorOn("webgpu"), getWebGPUDevice().lost);
}

/** jax-js on its default device, operation by operation: nothing is compiled. */
export const eagerExecutor = (): Executor => {
  const toArray = (leaf: PlacedArray): np.Array =>
    leaf instanceof HostArray ? fromHost(leaf) : (leaf as np.Array).ref;
  return {
    ...executorOn("wasm"),
    name: "eager",
    compile: async (f) => ({
      run: async (args) =>
        blockUntilReady(
          (f as (...all: unknown[]) => unknown)(...args.map((arg) => treeMap(toArray, arg))) as never,
        ),
      traceMs: 0,
      compileMs: 0,
      dispose: async () => {},
    }),
    place: async (host) => treeMap((leaf: HostArray): PlacedArray => fromHost(leaf), host) as never,
  };
};

function executorOn(name: "wasm" | "webgpu"): Executor {
  const place = (leaf: HostArray): np.Array => fromHost(leaf, name);
  return {
    name,
    async compile(f, specs) {
      const started = performance.now();
      const compiled = jit(f as never) as unknown as ((...args: unknown[]) => JsTree<np.Array>) & {
        dispose(): void;
      };
      // jit traces at the first call: call it here with zeros, so that errors and time are part of compile
      const zeros = specs.map((spec) =>
        treeMap((leaf: ArraySpec) => np.zeros([...leaf.shape], { dtype: leaf.dtype, device: name }), spec),
      );
      const first = withRefinedLogs(() => compiled(...zeros));
      await blockUntilReady(first as never);
      tree.dispose(first as never);
      return {
        async run(args, { into } = {}) {
          const own = args.map((arg) =>
            treeMap(
              (leaf: PlacedArray) => (leaf instanceof HostArray ? place(leaf) : (leaf as np.Array).ref),
              arg,
            ),
          );
          if (into) tree.dispose(into as never);
          const out = compiled(...own);
          await blockUntilReady(out as never);
          return out as never; // what f returns
        },
        traceMs: 0,
        compileMs: performance.now() - started,
        async dispose() {
          compiled.dispose();
        },
      };
    },
    place: async (host) => treeMap<HostArray, PlacedArray>(place, host) as never, // the tree of `host`
    async fetch(placed) {
      const host = new Map<PlacedArray, HostArray>();
      for (const leaf of treeLeaves<PlacedArray>(placed)) host.set(leaf, await toHost(leaf as np.Array));
      return treeMap((leaf: PlacedArray) => host.get(leaf), placed) as never; // the tree of `placed`
    },
    release: (placed) => tree.dispose(placed as never),
    dispose: async () => {},
  };
}
