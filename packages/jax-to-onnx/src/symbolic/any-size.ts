import type { ClosedJaxpr } from "@jax-js/jax";
import { UnsupportedOpError } from "../errors.js";
import { type Atom, isLiteral, numberText, prepare, readConstant, type Var } from "../jaxpr.js";
import { nth } from "../lists.js";
import { consumed } from "../trace.js";

/**
 * Sizes for tracing a program. The first six cover every remainder modulo 2 to 6. The rest lie on both sides of common
 * numbers, odd and even, up to more examples than usual batches have. One is not included: axes of size 1 may validly
 * vanish from a program.
 */
const SIZES = [2, 3, 4, 5, 6, 7, 29, 64, 100, 257, 1008, 4096, 65_537] as const;

/** A line of a traced program: the part that must be equal for every size of an axis, and sizes, which may grow with it. */
type Line = Readonly<{ where: string; text: string; sizes: readonly number[] }>;

/** The error for a part of a program, or of a graph, that depends on the size of an axis. */
export const dependsOn = (symbol: string, name: string, where: string, why: string): UnsupportedOpError =>
  new UnsupportedOpError(
    symbol,
    where,
    `${name}: ${where} ${why}: it cannot be exported for a ${symbol} of any size`,
  );

/**
 * Traces a program for many sizes of one axis. Its equations must be equal, with equal numbers, and each size must be
 * constant or proportional to that of the axis. A dependence on it by a condition, a maximum, a remainder or a mean
 * violates this, and would be built into the file for one size.
 *
 * @param traced the program for a size of the axis; this function disposes of it
 * @throws UnsupportedOpError that names the first equation that differs
 */
export function expectAnySize(traced: (size: number) => ClosedJaxpr, symbol: string, name: string): void {
  const [first, second, ...others] = SIZES;
  const at = (size: number): Line[] => consumed(traced(size), linesOf);
  const [start, next] = [at(first), at(second)];
  /** The line of the first size, with the growth of its sizes to those of the second. */
  const expected = (line: Line, i: number, of: number): string => {
    const steps = (of - first) / (second - first);
    const sizes = line.sizes.map((size, k) => {
      const other = next[i]?.sizes[k] ?? Number.NaN;
      return other === size ? size : size + (other - size) * steps;
    });
    return `${line.text} ${sizes.join(" ")}`;
  };
  const compare = (size: number, lines: readonly Line[]): void => {
    const odd = lines.findIndex((line, i) => {
      const wanted = start[i];
      return !wanted || expected(wanted, i, size) !== `${line.text} ${line.sizes.join(" ")}`;
    });
    const where = (lines[odd] ?? start[lines.length])?.where;
    if (where === undefined) return;
    throw dependsOn(
      symbol,
      name,
      where,
      `depends on the size of the ${symbol}, it differs for ${first} and ${size}`,
    );
  };
  compare(second, next);
  for (const size of others) compare(size, at(size));
}

function linesOf(closed: ClosedJaxpr): Line[] {
  const jaxpr = prepare(closed.jaxpr);
  const names = new Map<Var, string>(jaxpr.inBinders.map((binder, i) => [binder, `input.${i}`]));
  const used = new Set<Atom>([...jaxpr.eqns.flatMap(({ inputs }) => inputs), ...jaxpr.outs]);
  const atom = (each: Atom): string =>
    isLiteral(each) ? `${each.aval.dtype} ${numberText(each.value)}` : (names.get(each) ?? "");
  const lines: Line[] = closed.consts.flatMap((constant, i) =>
    used.has(nth(jaxpr.inBinders, i)) ? [constantLine(constant, `constant ${i}`)] : [],
  );
  jaxpr.eqns.forEach(({ primitive, params, inputs, outBinders }, i) => {
    const where = `${primitive}.${i}`;
    const sizes: number[] = [];
    const parameters = withoutNumbers(params, sizes);
    outBinders.forEach((binder, k) => {
      names.set(binder, `${where}.${k}`);
      sizes.push(...binder.aval.shape);
    });
    const types = outBinders.map(({ aval }) => `${aval.dtype} of ${aval.shape.length}`);
    const text = [where, parameters, ...inputs.map(atom), ...types].join("; ");
    lines.push({ where, text, sizes });
  });
  lines.push({ where: "the results", text: jaxpr.outs.map(atom).join("; "), sizes: [] });
  return lines;
}

/** Parameters of an equation as text; appends their numbers to `sizes`. */
const withoutNumbers = (params: unknown, sizes: number[]): string =>
  JSON.stringify(params, (_, value: unknown) => {
    if (typeof value !== "number") return value;
    sizes.push(value);
    return "#";
  });

/**
 * Number of entries to compare for larger constants: these occur only for large sizes, and usually repeat one number.
 */
const READ = 2 ** 20;

function constantLine(constant: ClosedJaxpr["consts"][number], where: string): Line {
  const { dtype, shape, size } = constant;
  const part = size > READ ? constant.ref.reshape([-1]).slice([0, READ]) : constant.ref;
  const { values, uniform } = readConstant(part);
  part.dispose();
  const content = uniform === undefined ? Array.from(values, numberText).join(" ") : numberText(uniform);
  return { where, text: `${where}: ${dtype} of ${shape.length}: ${content}`, sizes: shape };
}
