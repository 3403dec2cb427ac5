/**
 * What a training step of each network costs, counted and not timed: nodes of the lowered gradient, bytes
 * that they write, floating-point operations of products. A change that makes a step dearer shows here
 * without a stopwatch; `FLOWIFY_UPDATE_COUNTS=1 npm test -- step-counts` accepts it.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { flowify, paperNames, zoo } from "@flowify/core";
import { loweringPasses } from "jax-to-onnx";
import { lower, trace } from "jax-to-onnx/internal";
import { afterAll, expect, it } from "vitest";
import { gradientProgram } from "../../core/test/support/gradient-program.js";
import { verify } from "../../jax-to-onnx/test/verify.js";

const BATCH = 128;
const file = new URL("step-counts.json", import.meta.url);
const update = process.env.FLOWIFY_UPDATE_COUNTS === "1";

type Counts = { nodes: number; megabytes: number; gigaflops: number };
const known = JSON.parse(readFileSync(file, "utf8")) as { [network: string]: Counts };
const counted: { [network: string]: Counts } = {};

function countStep(name: string): Counts {
  const { gradient, specs } = gradientProgram(flowify(zoo(name)), BATCH);
  const { jaxpr } = trace(gradient, specs, name);
  const { nodes, flops, bytes } = lower(jaxpr, { itemwise: true });
  jaxpr.dispose();
  return {
    nodes: nodes.length,
    megabytes: Math.round(bytes / 1e6),
    gigaflops: Math.round(flops / 1e7) / 100,
  };
}

// the networks of CIFAR-10 are those of MNIST in other sizes; these three have every kind of layer of the five
const quick = ["mnist/fmlp:paper", "mnist/fconv1-nsf:paper", "mnist/fconv2:paper"];
for (const name of paperNames)
  it(`${name}`, { tags: quick.includes(name) ? [] : ["long"] }, () => {
    const found = countStep(name);
    counted[name] = found;
    if (update) return;
    const limit = known[name];
    expect(found.gigaflops, "operations of products, 10⁹").toBeLessThanOrEqual(
      (limit?.gigaflops ?? 0) * 1.001,
    );
    expect(found.nodes, "nodes").toBeLessThanOrEqual((limit?.nodes ?? 0) * 1.01);
    expect(found.megabytes, "megabytes written").toBeLessThanOrEqual((limit?.megabytes ?? 0) * 1.01);
  });

it("a training step stays sound", () => {
  const { gradient, specs } = gradientProgram(flowify(zoo("mnist/fmlp:paper")), 128);
  const { jaxpr, signature } = trace(gradient, specs, "step");
  const inputNames = signature.inputs.map(({ name }) => name);
  const after: string[] = [];
  lower(jaxpr, {
    inputNames,
    itemwise: true,
    onPass: (name, graph) => {
      verify(graph, inputNames);
      after.push(name);
    },
  });
  jaxpr.dispose();
  const order = ["rules", ...loweringPasses.map(({ name }) => name)];
  expect(after.length).toBeGreaterThan(5);
  expect(after).toEqual(order.filter((name) => after.includes(name)));
});

afterAll(() => {
  if (update) writeFileSync(file, `${JSON.stringify(counted, null, 2)}\n`);
});
