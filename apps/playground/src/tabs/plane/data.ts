import type { Examples } from "@flowify/core/internal";
import { makeRng, type Rng } from "@flowify/core/layer";
import type { PlaneConfig } from "./config.js";

/** Points for training, and held-out points; both [n, 2]. */
export type PlaneData = Readonly<{ train: Examples; heldOut: Float32Array }>;

const TRAIN = 4096;
const HELD_OUT = 1024;

type Draw = (rng: Rng) => readonly [x: number, y: number];

/** Two half circles, one opened upwards and one downwards, with normal noise. */
const moons: Draw = (rng) => {
  const angle = Math.PI * rng.uniform();
  const [x, y] =
    rng.uniform() < 0.5 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
  return [1.4 * (x - 0.5 + 0.1 * rng.normal()), 1.4 * (y - 0.25 + 0.1 * rng.normal())];
};

const rings: Draw = (rng) => {
  const angle = 2 * Math.PI * rng.uniform();
  const radius = (rng.uniform() < 0.5 ? 0.8 : 2) + 0.1 * rng.normal();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};

/** Every second square of four by four. */
const checkerboard: Draw = (rng) => {
  const column = Math.floor(4 * rng.uniform());
  const row = 2 * Math.floor(2 * rng.uniform()) + (column % 2);
  return [1.2 * (column - 2 + rng.uniform()), 1.2 * (row - 2 + rng.uniform())];
};

/** Two arms of a spiral, one the other's mirror image in the origin. */
const spirals: Draw = (rng) => {
  const angle = 3 * Math.PI * Math.sqrt(rng.uniform());
  const side = rng.uniform() < 0.5 ? 1 : -1;
  const radius = (side * 2.4 * angle) / (3 * Math.PI);
  return [radius * Math.cos(angle) + 0.07 * rng.normal(), radius * Math.sin(angle) + 0.07 * rng.normal()];
};

const draws = { moons, rings, checkerboard, spirals } as const;

function drawPoints(draw: Draw, count: number, ...seeds: number[]): Float32Array {
  const rng = makeRng(...seeds);
  return Float32Array.from(Array.from({ length: count }, () => draw(rng)).flat());
}

/** The data of a configuration. They depend on nothing else, so page and worker generate the same. */
export const planeData = ({ data, seed }: Pick<PlaneConfig, "data" | "seed">): PlaneData => ({
  train: { examples: drawPoints(draws[data], TRAIN, seed, 1), count: TRAIN },
  heldOut: drawPoints(draws[data], HELD_OUT, seed, 2),
});
