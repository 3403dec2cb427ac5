import type { Graph } from "../graph.js";
import { nth } from "../lists.js";
import { isProduct, operandsOf, plain, scaledColumns, sliced, transposed } from "../matrices.js";
import type { GraphNode } from "../model.js";
import type { Matrix } from "../origins.js";
import { multiplyMatrices } from "./matrix-chains.js";
import type { Pass } from "./pass.js";

/**
 * Saves a product if columns w of a product x A, scaled or not, are multiplied by a fixed rotation R and by other fixed
 * matrices B. This happens in a dense layer, whose kept coordinates are passed on and also condition the density of the
 * dropped ones. Then x (A R) = w R is one product, and w B is (w R) (R⁻¹ B), so the product with R is free. Other
 * slices of x A become separate products.
 */
export const rotations: Pass = {
  name: "rotations",
  why: "saves the product of a dense layer whose columns are kept and also condition the dropped ones",
  needs: "reassociation",
  run(graph) {
    graph.scope = "rotation";
    const renamed = new Map<string, string>();
    const nodes = new Set(graph.nodes);
    const before = (name: string) => [...graph.readers(name)].filter((reader) => nodes.has(reader));
    for (const node of nodes) {
      const right = fixedRight(graph, node);
      const [w = ""] = node.inputs;
      const kept = right && graph.isRotation(right.name) ? columnsOfProduct(graph, w) : undefined;
      if (!right || !kept || graph.isResult(w) || graph.isResult(kept.of)) continue;
      const others = before(w).filter((reader) => reader !== node);
      const cuts = before(kept.of).map((reader) => ({ reader, cut: readCut(graph, reader) }));
      const shared = others.length > 0 && others.every((other) => fixedRight(graph, other) !== undefined);
      if (!shared || !cuts.every(({ cut }) => cut !== undefined)) continue;
      const replaced = [node, ...others, ...cuts.map(({ reader }) => reader)];
      if (replaced.some(({ outputs: [name] }) => graph.isResult(name))) continue;
      const z = multiplyMatrices(graph, kept.x, plain(multiplyMatrices(graph, kept.columns, right)));
      renamed.set(node.outputs[0], z);
      graph.count(graph.pass);
      for (const other of others) {
        const back = undone(graph, right, fixedRight(graph, other) as Matrix);
        renamed.set(other.outputs[0], multiplyMatrices(graph, plain(z), back));
      }
      for (const { reader, cut } of cuts) {
        const { start, end } = cut as Cut;
        const columns = sliced(graph, kept.matrix, 1, start, end);
        renamed.set(reader.outputs[0], multiplyMatrices(graph, kept.x, columns));
      }
    }
    graph.substitute(renamed);
  },
};

/** The fixed second operand of a product. */
function fixedRight(graph: Graph, node: GraphNode): Matrix | undefined {
  if (!isProduct(graph, node)) return undefined;
  const [left, right] = operandsOf(node);
  return left.flipped || !graph.isFixed(right.name) || graph.isFixed(left.name) ? undefined : right;
}

type Cut = Readonly<{ start: number; end: number }>;

/** The columns that a node slices from a matrix. */
function readCut(graph: Graph, { op, inputs }: GraphNode): Cut | undefined {
  const [start, end, axis] = inputs.slice(1).map((name) => graph.numberOf(name));
  if (op !== "Slice" || inputs.length !== 4 || axis !== 1) return undefined;
  return start === undefined || end === undefined ? undefined : { start, end };
}

/** w as columns of a product `of` = x · matrix with a fixed matrix, perhaps scaled by fixed numbers: w = x · columns. */
function columnsOfProduct(
  graph: Graph,
  w: string,
): { x: Matrix; matrix: Matrix; columns: Matrix; of: string } | undefined {
  const node = graph.producer(w);
  const [a, b] = (node?.inputs ?? []) as [string, string];
  const scale = node?.op !== "Mul" ? undefined : graph.isFixed(b) ? b : graph.isFixed(a) ? a : undefined;
  const cutting = scale === undefined ? node : graph.producer(scale === b ? a : b);
  const cut = cutting && readCut(graph, cutting);
  const of = cutting?.inputs[0] as string;
  const product = cut && graph.producer(of);
  const matrix = product && fixedRight(graph, product);
  if (!product || !matrix) return undefined;
  const columns = sliced(graph, matrix, 1, cut.start, cut.end);
  const x = plain(nth(product.inputs, 0));
  if (scale === undefined) return { x, matrix, columns, of };
  const scaled = scaledColumns(graph, columns, scale);
  return scaled && { x, matrix, columns: scaled, of };
}

/**
 * R⁻¹ B for a rotation that is orthogonal up to rounding and the drift of training: one step of Newton's method from
 * Rᵀ, 2 RᵀB − RᵀR RᵀB, whose error is the square of that of Rᵀ B.
 */
function undone(graph: Graph, rotation: Matrix, b: Matrix): Matrix {
  const back = transposed(rotation);
  const first = multiplyMatrices(graph, back, b);
  const again = multiplyMatrices(graph, back, plain(multiplyMatrices(graph, rotation, plain(first))));
  return plain(graph.like("Sub", [graph.like("Add", [first, first]), again]));
}
