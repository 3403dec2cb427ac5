import { describe, expect, it } from "vitest";
import { flowOf } from "../../src/networks/choose.js";
import { countParameters, paperCount } from "../../src/networks/parameters.js";

const mnist = ["fmlp", "fconv1", "fconv1-nsf", "fconv2", "fconv2-nsf"].map((name) => `mnist/${name}`);

describe("the count of parameters", () => {
  it.each([...mnist, ...mnist.map((name) => `${name}:paper`)])(
    "of %s comes about from the authors' by named terms",
    (name) => {
      const flow = flowOf({ name }, { density: "gaussian" });
      const paper = paperCount({ name }, flow);
      const differences = paper?.differences ?? [];
      expect(differences.map(({ what }) => what)).not.toContain("something else");
      const sum = differences.reduce((total, { parameters }) => total + parameters, paper?.parameters ?? 0);
      expect(sum).toBe(countParameters(flow));
    },
  );

  it("of fmlp with Gaussians is the authors'", () => {
    const flow = flowOf({ name: "mnist/fmlp:paper" }, { density: "gaussian" });
    expect(paperCount({ name: "mnist/fmlp:paper" }, flow)).toEqual({
      parameters: 5_496_529,
      differences: [],
    });
  });

  it("has nothing to compare where the authors give none", () => {
    const flow = flowOf({ name: "cifar10/fconv2" }, {});
    expect(paperCount({ name: "cifar10/fconv2" }, flow)).toBeUndefined();
  });
});
