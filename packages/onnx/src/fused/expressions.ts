import { compute, type OperationName, operations } from "./operations.js";

/**
 * A value of an elementwise program. `size` 1 is a scalar, one number for all elements; else the
 * value has an element for each of those of its operands. `mask`: a truth value.
 */
export type Expression = Readonly<{ id: number; size: number; mask: boolean }> &
  (
    | Readonly<{ kind: "argument"; argument: number }>
    | Readonly<{ kind: "number"; value: number }>
    | Readonly<{ kind: "operation"; name: OperationName; operands: readonly Expression[] }>
  );

/** An expression without its index. */
type Draft = Expression extends infer E ? (E extends Expression ? Omit<E, "id"> : never) : never;

/** True for a scalar: one number for all elements. */
export const isScalar = (e: Expression): boolean => e.size === 1;

/**
 * Builds expressions: equal ones are one object, operations on numbers are folded, and quotients and differences, which
 * jax-js writes as x · (1/y) and x + (−y), become one operation.
 */
export class Expressions {
  /** All expressions, operands before results. */
  readonly all: Expression[] = [];
  readonly #known = new Map<string, Expression>();

  argument(argument: number, size: number): Expression {
    return this.#make(`a${argument}`, { kind: "argument", argument, size, mask: false });
  }

  number(x: number, mask = false): Expression {
    const value = mask ? Number(x !== 0) : Math.fround(x);
    const key = `n${mask}${Object.is(value, -0) ? "-0" : value}`;
    return this.#make(key, { kind: "number", value, size: 1, mask });
  }

  /** Undefined if operands have different numbers of elements, which would be a broadcast. */
  operation(name: OperationName, ...operands: Expression[]): Expression | undefined {
    const { mask } = operations[name];
    if (operands.every((e) => e.kind === "number")) {
      const values = operands.map((e) => e.value);
      return this.number(compute(name, values), mask);
    }
    const size = Math.max(...operands.map((e) => e.size));
    if (operands.some((e) => e.size !== 1 && e.size !== size)) return undefined;
    const key = `${name}(${operands.map((e) => e.id).join()})`;
    return this.#make(key, { kind: "operation", name, operands, size, mask });
  }

  add(a: Expression, b: Expression): Expression | undefined {
    const minus = (e: Expression) => (e.kind === "operation" && e.name === "neg" ? e.operands[0] : undefined);
    const [minusA, minusB] = [minus(a), minus(b)];
    if (minusB) return this.operation("sub", a, minusB);
    if (minusA) return this.operation("sub", b, minusA);
    return this.operation("add", a, b);
  }

  multiply(a: Expression, b: Expression): Expression | undefined {
    // A scalar's reciprocal is computed once per call. The square of 1/y stays a product: one division.
    const over = (e: Expression) =>
      e.kind === "operation" && e.name === "div" && !isScalar(e) && e.operands[0] === this.number(1)
        ? e.operands[1]
        : undefined;
    const [overA, overB] = [over(a), over(b)];
    if (overB && a !== b) return this.operation("div", a, overB);
    if (overA && a !== b) return this.operation("div", b, overA);
    return this.operation("mul", a, b);
  }

  /** A float as a truth value. */
  toMask(e: Expression): Expression | undefined {
    if (e.mask) return e;
    return e.kind === "number" ? this.number(e.value, true) : this.operation("notEqual", e, this.number(0));
  }

  /** A truth value as 1 or 0. */
  toFloat(e: Expression): Expression | undefined {
    return e.mask ? this.operation("keep", this.number(1), e) : e;
  }

  #make(key: string, draft: Draft): Expression {
    let found = this.#known.get(key);
    if (!found) {
      found = { ...draft, id: this.all.length };
      this.all.push(found);
      this.#known.set(key, found);
    }
    return found;
  }
}
