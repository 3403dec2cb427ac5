import { type ArrayTree, defineLayer, type FlowLayer } from "../../src/entries/layer.js";
import { checkLayer, LawError } from "../../src/entries/testing.js";

/** What checkLayer finds of a layer that breaks a law. */
export const brokenBy = async <P extends ArrayTree>(
  layer: FlowLayer<P>,
  options?: Parameters<typeof checkLayer>[1],
): Promise<LawError> => {
  try {
    await checkLayer(layer, options);
  } catch (error) {
    if (error instanceof LawError) return error;
    throw error;
  }
  throw new Error("checkLayer finds nothing");
};

/** A layer with other fields. */
export const change = <P extends ArrayTree>(
  layer: FlowLayer<P>,
  fields: Partial<FlowLayer<P>>,
): FlowLayer<P> => defineLayer<P>({ ...layer, ...fields });
