import { makeRng } from "@flowify/core/layer";
import { loadRuntime, openOriginal, toBytes } from "@flowify/onnx";
import { expect, it } from "vitest";
import { featureChoices, featureRows } from "../src/guard/features.js";
import { banded, bandsOf, fitProjection, project, projectedWidth } from "../src/guard/projection.js";
import { nodeMaker, projectionNodes, type Tap, tapGraph, tapOf } from "../src/guard/taps.js";

const [COUNT, WIDTH, KEPT] = [600, 24, 20];
const rng = makeRng(3);
/** Rows whose later numbers vary less. */
const rows = Float32Array.from({ length: COUNT * WIDTH }, (_, i) => rng.normal() / (1 + (i % WIDTH)));
const projection = fitProjection(rows, WIDTH, KEPT)!;
const own = banded(projection, 3);

it("bands hold the mean square of directions, in units of the training rows", async () => {
  expect([projectedWidth(projection), projectedWidth(own), bandsOf(own)]).toEqual([KEPT + 1, 3 + 3 + 1, 3]);
  const [all, found] = [project(projection, rows), project(own, rows)];
  const variances = Array.from({ length: KEPT }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < COUNT; i++) sum += all[i * (KEPT + 1) + k]! ** 2;
    return sum / COUNT;
  });
  for (let i = 0; i < 50; i++) {
    const z = all.subarray(i * (KEPT + 1), i * (KEPT + 1) + KEPT);
    const bands = [
      [0, 4],
      [4, 10],
      [10, KEPT],
    ].map(([from = 0, to = 0]) => {
      const squares = Array.from(z.subarray(from, to), (each, k) => each ** 2 / variances[from + k]!);
      return Math.log(squares.reduce((sum, each) => sum + each) / (to - from) + 1e-4) / 2;
    });
    const expected = [...z.subarray(0, 3), ...bands, all[(i + 1) * (KEPT + 1) - 1]!];
    expected.forEach((value, c) => expect(found[i * 7 + c]).toBeCloseTo(value, 3));
  }
});

it("a projection of few directions needs no bands", () => {
  expect(banded(projection, KEPT)).toBe(projection);
});

it("its nodes compute the same in ONNX Runtime", async () => {
  const maker = nodeMaker("features");
  const y = maker.node("Concat", projectionNodes(own, "x", maker), { axis: 1 });
  const bytes = toBytes({
    name: "features",
    inputs: [{ name: "x", type: "float32", shape: ["N", WIDTH] }],
    outputs: [{ name: y, type: "float32", shape: ["N", 7] }],
    nodes: maker.nodes,
    constants: maker.constants,
  });
  const network = await openOriginal(await loadRuntime(), bytes);
  const found = await network.run(rows.subarray(0, 40 * WIDTH));
  await network.dispose();
  project(own, rows.subarray(0, 40 * WIDTH)).forEach((value, i) => expect(found[i]).toBeCloseTo(value, 4));
});

it("looks at some places of a large image alone, and at all of a small one", async () => {
  const station = { op: "Conv", isMoved: false, isRead: true, isSpatial: true };
  const ofSide = (side: number): Tap => {
    const data = Float32Array.from({ length: 2 * side * side }, (_, i) => Math.sin(0.37 * i));
    return tapOf({ ...station, name: `of ${side}` }, { shape: [2, side, side], data });
  };
  expect([ofSide(32).step, ofSide(33).step, ofSide(224).step]).toEqual([undefined, 2, 7]);
  const taps = [ofSide(33)];
  const network = await openOriginal(await loadRuntime(), toBytes(tapGraph(taps)));
  const image = Float32Array.from({ length: 2 * 33 * 33 }, () => rng.normal());
  const found = await network.run(image);
  await network.dispose();
  const channels = [0, 1].map((c) =>
    Array.from(
      { length: 17 * 17 },
      (_, i) => image[c * 33 * 33 + 2 * Math.floor(i / 17) * 33 + 2 * (i % 17)]!,
    ),
  );
  const means = channels.map((own) => own.reduce((sum, value) => sum + value) / own.length);
  [...means, ...channels.map((own) => Math.max(...own))].forEach((value, i) =>
    expect(found[i]).toBeCloseTo(value, 5),
  );
});

it("bands are a choice of all values, where directions are left out", () => {
  const tap = (name: string): Tap => ({ name, shape: [WIDTH], pooled: [], width: WIDTH });
  const taps = Array.from({ length: 5 }, (_, i) => tap(`value ${i}`));
  const seen = taps.map((_, i) => rows.map((value) => value * (i + 1)));
  const choices = featureChoices(taps, seen);
  const all = taps.map(({ name }) => name).join(" + ");
  expect(choices.map(({ name }) => name)).toEqual([...taps.map(({ name }) => name), all, `${all}, in bands`]);
  const last = choices.at(-1)!;
  // 7 directions and 4 bands of each, nothing beside all of them
  expect(last.width).toBe(5 * (7 + 4));
  expect(featureRows(last, seen)).toHaveLength(COUNT * last.width);
  expect(featureChoices([tap("a"), tap("b")], [rows, rows]).map(({ name }) => name)).toEqual([
    "a",
    "b",
    "a + b",
    "a + b, in bands",
  ]);
});
