import type { ClosedJaxpr, Jaxpr } from "@jax-js/jax";
import { isLifted, isLiteral, numberText, readConstant } from "jax-to-onnx/internal";

type Equation = Jaxpr["eqns"][number];
type Atom = Equation["inputs"][number];
type Var = Equation["outBinders"][number];

/** Most numbers of constants of a program that has a key; where all of an array are equal, one stands in the key. */
const MOST_NUMBERS = 250_000;

/** A parameter of which two unlike ones might have the same text. */
class NoText extends Error {}

/**
 * A text that two traced programs share only if they compute the same, whatever their variables are called, and are lowered
 * in the same way. Undefined where a parameter has no such text, or the constants are many.
 *
 * @param how what else decides how the program is lowered, as JSON has it
 * @param lift constants that become arguments have any values
 */
export function programKey({ jaxpr, consts }: ClosedJaxpr, how: unknown, lift = false): string | undefined {
  const kept = consts.map((each) => (lift && isLifted(each) ? undefined : each));
  const numbers = kept.reduce((sum, each) => sum + (each?.size ?? 0), 0);
  if (numbers > MOST_NUMBERS) return undefined;
  try {
    const values = kept.map((each) => {
      if (!each) return "";
      const { values, uniform } = readConstant(each);
      return uniform === undefined ? Array.from(values, numberText) : numberText(uniform);
    });
    return `${JSON.stringify([how, values], plain)}\n${textOf(jaxpr)}`;
  } catch (error) {
    if (error instanceof NoText) return undefined;
    throw error;
  }
}

function textOf({ inBinders, eqns, outs }: Jaxpr): string {
  const numbers = new Map<Var, number>();
  const bind = (v: Var): string => {
    numbers.set(v, numbers.size);
    return typeText(v);
  };
  const atom = (each: Atom): string =>
    isLiteral(each) ? `${numberText(each.value)}:${typeText(each)}` : `%${numbers.get(each)}`;
  const first = inBinders.map(bind).join(" ");
  const lines = eqns.map(
    ({ primitive, params, inputs, outBinders }) =>
      `${outBinders.map(bind).join(" ")} = ${primitive} ${JSON.stringify(params, plain)} ${inputs.map(atom).join(" ")}`,
  );
  return [first, ...lines, outs.map(atom).join(" ")].join("\n");
}

const typeText = ({ aval: { dtype, shape, weakType } }: Atom): string =>
  `${dtype}[${shape}]${weakType ? "*" : ""}`;

/** A value in a parameter, for `JSON.stringify`: nested programs are texts, numbers are exact. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : [numberText(value)];
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
      throw new NoText();
    return value;
  }
  if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) return value;
  if ("eqns" in value && "inBinders" in value) return textOf(value as Jaxpr);
  throw new NoText();
}
