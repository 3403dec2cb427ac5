import type { AttributeValue, GraphNode, Initializer, TextConstant } from "@flowify/onnx";

/** Code of ONNX's type of float32. */
const FLOAT = 1;

/** Collects nodes and constants; values are called by a prefix and a number. */
export function graphBuilder() {
  const nodes: GraphNode[] = [];
  const constants: Initializer[] = [];
  const texts: TextConstant[] = [];
  const fresh = (): string => `detector/${nodes.length + constants.length + texts.length}`;
  return {
    nodes,
    constants,
    texts,
    node(
      op: string,
      inputs: readonly string[],
      attributes: Readonly<Record<string, AttributeValue>> = {},
    ): string {
      const name = fresh();
      nodes.push({ op, domain: "", inputs, outputs: [name], attributes });
      return name;
    },
    floats(data: ArrayLike<number>, ...shape: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float32", shape, data: Float32Array.from(data) });
      return name;
    },
    doubles(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float64", shape: [data.length], data: Float64Array.from(data) });
      return name;
    },
    sizes(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "int64", shape: [data.length], data: BigInt64Array.from(data, BigInt) });
      return name;
    },
    words(values: readonly string[]): string {
      const name = fresh();
      texts.push({ name, shape: [1, values.length], values });
      return name;
    },
  };
}

export type GraphBuilder = ReturnType<typeof graphBuilder>;

/** A column of float64 as float32. */
export const toFloat = (g: GraphBuilder, name: string): string => g.node("Cast", [name], { to: FLOAT });
