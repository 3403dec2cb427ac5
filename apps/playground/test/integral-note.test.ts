import { expect, test } from "vitest";
import { integralNote } from "../src/tabs/plane/integral-note.js";

const relu = {
  integral: 0.52,
  outside: 0,
  exact: false,
  base: "standardNormal",
  layers: [{ kind: "relu" }],
} as const;

test("an integral that is not 1 says why", () => {
  expect(integralNote({ ...relu, layers: [...relu.layers] })).toMatch(
    /^Not 1, because p is a mean of exp\(bound\)/,
  );
  const elu = { ...relu, exact: true, layers: [{ kind: "elu" as const }, { kind: "prelu" as const }] };
  expect(integralNote(elu)).toBe(
    "Not 1, because elu reaches only a part of the line, and the mass that later layers put elsewhere is lost.",
  );
  expect(integralNote({ ...elu, outside: 0.4 })).toContain("40 % of the samples lie outside");
  expect(integralNote({ ...elu, layers: [{ kind: "tanh" }], base: "uniform" })).toContain(
    "narrower than a cell",
  );
});

test("one that is nearly 1, or not known, needs no words", () => {
  expect(integralNote({ ...relu, layers: [], integral: 0.99 })).toBe("");
  expect(integralNote({ ...relu, layers: [], integral: Number.NaN })).toBe("");
});
