import { flowify } from "@flowify/core";
import { expect, test } from "vitest";
import { integralNote } from "../src/tabs/plane/integral-note.js";

const half = { integral: 0.52, outside: 0 };

test("an integral that is not 1 says why", () => {
  expect(integralNote(half, { draws: true, likelihood: "bound" })).toMatch(
    /^Not 1, because p is a mean of exp\(bound\)/,
  );
  const losing = { draws: false, likelihood: "loses mass" } as const;
  expect(integralNote(half, losing)).toBe(
    "Not 1, because a layer reaches only a part of the line, and the mass that later layers put elsewhere is lost.",
  );
  expect(integralNote({ ...half, outside: 0.4 }, losing)).toContain("40 % of the samples lie outside");
  expect(integralNote(half, { draws: false, likelihood: "exact" })).toContain("narrower than a cell");
});

test("one that is nearly 1, or not known, needs no words", () => {
  const draws = { draws: true, likelihood: "bound" } as const;
  expect(integralNote({ ...half, integral: 0.99 }, draws)).toBe("");
  expect(integralNote({ ...half, integral: Number.NaN }, draws)).toBe("");
});

test("a layer loses mass where others follow that need more than it reaches", () => {
  const likelihoodOf = (...kinds: ("elu" | "softplus" | "tanh" | "prelu")[]) =>
    flowify({ inShape: [2], layers: kinds.map((kind) => ({ kind })) }).likelihood;
  expect(likelihoodOf("elu", "prelu")).toBe("loses mass");
  expect(likelihoodOf("tanh")).toBe("exact");
});
