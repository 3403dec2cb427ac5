import type { Graph } from "../graph.js";
import { isProduct } from "../matrices.js";
import type { Pass } from "./pass.js";

/** An addition after a matrix product that nothing else reads becomes the third operand of a Gemm. */
function fuseBiases(graph: Graph): void {
  graph.rewrite((node) => {
    if (node.op !== "Add") return undefined;
    const [sum] = node.outputs;
    const alone = (name: string): boolean => {
      const made = graph.producer(name);
      return made !== undefined && isProduct(graph, made) && graph.hasOneReader(name);
    };
    // For a sum of two products the later one takes the other as its third operand.
    const [product] = node.inputs.filter(alone).sort((a, b) => graph.ageOf(b) - graph.ageOf(a));
    const other = node.inputs.find((name) => name !== product);
    if (product === undefined || other === undefined) return undefined;
    const type = { type: graph.typeOf(sum), shape: graph.shapeOf(sum) };
    if (type.shape.join() !== graph.shapeOf(product).join() || graph.shapeOf(other).length > 2)
      return undefined;
    const { inputs, attributes } = graph.producer(product) as NonNullable<ReturnType<Graph["producer"]>>;
    return [graph.node("Gemm", [...inputs, other], type, { attributes })];
  });
}

export const biases: Pass = {
  name: "biases",
  why: "saves the pass over memory that adds a bias to a product",
  run: fuseBiases,
};
