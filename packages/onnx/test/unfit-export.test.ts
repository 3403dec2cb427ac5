import { toBinary } from "@bufbuild/protobuf";
import { FlowModel, flow, jaxExecutor } from "@flowify/core";
import type { FlowLayer } from "@flowify/core/layer";
import { linear } from "@flowify/core/layers";
import { numpy as np } from "@jax-js/jax";
import { toModelProto } from "jax-to-onnx/internal";
import { ModelProtoSchema } from "onnx-buf";
import { expect, it } from "vitest";
import type { ExportedProgram } from "../src/export/exported.js";
import { exportFlow, loadRuntime, openFile } from "../src/index.js";

/** A layer that changes nothing, with a forward function of its own. */
const layerWith = (name: string, forward: FlowLayer["forward"]): FlowLayer => ({
  ...linear(3, 3),
  name,
  init: (key) => {
    key.dispose();
    return {};
  },
  parameterKinds: {},
  forward,
});

const nothing = (x: np.Array): np.Array => np.zeros([x.shape[0] as number]);

it.each([
  [
    "centred",
    layerWith("centred", (_, x) => ({ contribution: nothing(x), z: x.sub(np.mean(x.ref, 0)) })),
    /^centred\[1\] cannot be exported: .*depends on the (size of the )?batch/,
  ],
  [
    "factored",
    layerWith("factored", (_, x) => {
      const contribution = nothing(x);
      const [values, basis] = np.linalg.eigh(np.matmul(np.transpose(x.ref), x.ref));
      values.dispose();
      return { contribution, z: np.matmul(x, basis) };
    }),
    /^factored\[1\] cannot be exported: jacobi_eigh: it sweeps until convergence/,
  ],
])("names the layer that cannot be exported: %s", async (_, layer, message) => {
  const made = flow([linear(3, 3), layer]);
  const model = await FlowModel.create(made, jaxExecutor());
  expect(() => exportFlow(made, model.params)).toThrow(message);
  await model.dispose();
});

it("says that a file is of a newer opset than the runtime reads, or no ONNX file", async () => {
  const made = flow([linear(3, 3)]);
  const model = await FlowModel.create(made, jaxExecutor());
  const [program] = exportFlow(made, model.params) as [ExportedProgram];
  const file = toModelProto(program.graph);
  for (const each of file.opsetImport) each.version = 99n;
  const runtime = await loadRuntime();
  await expect(openFile(runtime, toBinary(ModelProtoSchema, file))).rejects.toMatchObject({
    code: "DEVICE",
    message: expect.stringMatching(
      /^the file has opset 99, this ONNX Runtime reads opsets up to \d+\nupdate/,
    ),
  });
  await expect(openFile(runtime, Uint8Array.of(1, 2, 3))).rejects.toThrow(
    "ONNX Runtime cannot read the file",
  );
  await model.dispose();
});
