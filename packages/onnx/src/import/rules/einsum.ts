import type { OrdinaryLayer } from "@flowify/core/internal";
import type { DataShape, Imported, ImportRule, OpCall } from "../call.js";
import { stridesOf } from "../shapes.js";
import type { Tensor } from "../tensor.js";
import { range } from "./along.js";

/** Letters of the axes of both operands and of the result, without that of the batch. */
function lettersOf(call: OpCall): readonly [a: string, b: string, result: string] {
  const equation = (call.string("equation") ?? "").replaceAll(" ", "");
  const terms = equation.split(/,|->/);
  const isPlain = (term: string): boolean => /^[a-zA-Z]+$/.test(term) && new Set(term).size === term.length;
  const all = new Set(terms.join(""));
  const isProduct = [...all].every((letter) => terms.filter((term) => term.includes(letter)).length > 1);
  if (terms.length !== 3 || !equation.includes("->") || !terms.every(isPlain) || !isProduct)
    throw call.unsupported(`it computes ${equation}; expected a product of two operands, as bij,bjk->bik`);
  if (!call.first.batched) return terms as [string, string, string];
  const batch = terms[call.isData(0) ? 0 : 1]![0]!;
  const own = terms.map((term, i) =>
    i < 2 && !call.isData(i) ? term : term.replace(new RegExp(`^${batch}`), ""),
  );
  if (own.some((term) => term.includes(batch)) || own[2] === terms[2])
    throw call.unsupported(`it computes ${equation}, which mixes the examples of a batch`);
  return own as [string, string, string];
}

/** Products of two operands, summed over the letters that only they have: a matrix product of both, with axes in its order. */
const einsum: ImportRule = (call): Imported => {
  const [first, second, result] = lettersOf(call);
  const flipped = !call.isData(0);
  const [a, b] = flipped ? [second, first] : [first, second];
  const given = [0, 1].map((i) => call.inputs[flipped ? 1 - i : i] as Tensor | DataShape);
  const shapes = given.map((each) => ("full" in each ? each.example : each.shape));
  const sizes = new Map(
    [a, b].flatMap((term, i) => [...term].map((letter, k) => [letter, shapes[i]![k]!] as const)),
  );
  const misfit = [a, b].find((term, i) => [...term].map((l) => sizes.get(l)).join() !== shapes[i]!.join());
  if (misfit !== undefined)
    throw call.misfit(`axes ${misfit} of operands ${shapes.map((s) => `[${s.join(", ")}]`).join(" and ")}`);
  const sizesOf = (letters: string): number[] => [...letters].map((letter) => sizes.get(letter)!);
  const count = (letters: string): number => sizesOf(letters).reduce((all, n) => all * n, 1);
  const those = (of: string, ...tests: ((letter: string) => boolean)[]): string =>
    [...of].filter((letter) => tests.every((holds) => holds(letter))).join("");
  const [inA, inB, inResult] = [a, b, result].map((term) => (letter: string) => term.includes(letter));
  const shared = those(a, inB!, inResult!);
  const summed = those(a, inB!, (letter) => !inResult!(letter));
  const [left, right] = [those(a, (letter) => !inB!(letter)), those(b, (letter) => !inA!(letter))];
  /** An operand with its letters in this order, as matrices. */
  const turned = (term: string, ...groups: string[]): OrdinaryLayer[] => [
    { kind: "transpose", order: [...groups.join("")].map((letter) => term.indexOf(letter)) },
    { kind: "reshape", shape: groups.map(count) },
  ];
  const made = shared + left + right;
  const end: OrdinaryLayer[] = [
    { kind: "reshape", shape: sizesOf(made) },
    { kind: "transpose", order: [...result].map((letter) => made.indexOf(letter)) },
  ];
  const shape = [...(call.first.batched ? [call.first.full[0]!] : []), ...sizesOf(result)];
  const other = given[1]!;
  if ("full" in other)
    return {
      layers: end,
      join: { how: "matmul", front: [turned(a, shared, left, summed), turned(b, shared, summed, right)] },
      shape,
    };
  if (shared !== "") throw call.unsupported("it multiplies the data by several matrices; expected one");
  const { data } = call.numbers(flipped ? 0 : 1, "operand");
  const strides = stridesOf(other.shape);
  const offsets = (letters: string): number[] =>
    [...letters].reduce(
      (all, letter) => all.flatMap((at) => range(sizes.get(letter)!, at, strides[b.indexOf(letter)])),
      [0],
    );
  const weight = Float32Array.from(
    offsets(right).flatMap((row) => offsets(summed).map((column) => data[row + column]!)),
  );
  return {
    layers: [...turned(a, left, summed), { kind: "linear", out: count(right), weights: { weight } }, ...end],
    shape,
  };
};

export const einsumRules: { readonly [op: string]: ImportRule } = { Einsum: einsum };
