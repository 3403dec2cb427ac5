import { describe, expect, it } from "vitest";
import { closestName } from "../src/near-name.js";

describe("the closest known name", () => {
  const known = ["mnist", "fashion-mnist", "cifar10"];
  it.each([
    ["mnits", "mnist"],
    ["MNIST", "mnist"],
    ["fashon-mnist", "fashion-mnist"],
    ["fashion", "fashion-mnist"],
    ["cifar", "cifar10"],
    ["celeba", undefined],
    ["", undefined],
    ["ar", undefined],
  ])("for %j: %s", (name, expected) => {
    expect(closestName(name, known)).toBe(expected);
  });
});
