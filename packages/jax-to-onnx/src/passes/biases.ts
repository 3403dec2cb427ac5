import { leading, sameShape } from "../lists.js";
import { isProduct } from "../matrices.js";
import type { Pass } from "./pass.js";

/** An addition after a matrix product that nothing else reads becomes the third operand of a Gemm. */
export const biases: Pass = {
  name: "biases",
  why: "saves the pass over memory that adds a bias to a product",
  node(graph, node) {
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
    const made = graph.producer(product);
    if (!made || !sameShape(graph.shapeOf(sum), graph.shapeOf(product)) || graph.shapeOf(other).length > 2)
      return undefined;
    const [a, b] = leading(made.inputs, 2);
    return graph.like("Gemm", [a, b, other], graph.shapeOf(sum), made.attributes);
  },
};
