import { type Executor, FlowModel, HostArray } from "@flowify/core";
import type { JsTree } from "@jax-js/jax";

/** So many latents of mean 0 and variance 1 count beside those that are looked at. */
const EXPECTED = 50;

/** Rows of numbers with the condition of each, one after another. */
export type Pairs = Readonly<{ data: Float32Array; condition: Float32Array }>;

/**
 * A model, with a line for each latent set so that those of held-out rows have mean 0 and variance 1: z ↦ (z − m) / s. A flow that
 * has learned its examples by heart is too narrow: latents of other rows are spread out, and by as much its density widens.
 * The last layer of the flow is an `actnorm`, z = (h + b) exp(a), which takes the line up. The model given is released.
 */
export async function spreadLike(
  model: FlowModel,
  { data, condition }: Pairs,
  executor: Executor,
): Promise<FlowModel> {
  const z = await model.encode(data, { condition });
  const size = model.flow.dimensions;
  const params = model.params as readonly JsTree<HostArray>[];
  const at = model.flow.chain.layers.length - 1; // an embedding follows
  const { shift, logScale } = params[at] as Record<"shift" | "logScale", HostArray>;
  const line = { shift: Float32Array.from(shift.data), logScale: Float32Array.from(logScale.data) };
  const count = z.length / size + EXPECTED;
  for (let k = 0; k < size; k++) {
    let [sum, squares] = [0, EXPECTED];
    for (let i = k; i < z.length; i += size) {
      sum += z[i] as number;
      squares += (z[i] as number) ** 2;
    }
    const mean = sum / count;
    const scale = logScale.data[k] as number;
    line.shift[k] = (shift.data[k] as number) - mean * Math.exp(-scale);
    line.logScale[k] = scale - Math.log(squares / count - mean ** 2) / 2;
  }
  await model.dispose();
  const last = {
    shift: new HostArray(line.shift, [size], shift.dtype),
    logScale: new HostArray(line.logScale, [size], logScale.dtype),
  };
  return new FlowModel(
    model.flow,
    params.map((own, i) => (i === at ? last : own)),
    executor,
  );
}
