import { numbersOf } from "../arrays.js";
import { noiseSize, type Precision, prepare } from "../prepare.js";
import type { Figure, Law, Subject } from "../subject.js";
import { within } from "../within.js";

const name = "round trip";

async function roundTrip(subject: Subject, precision: Precision): Promise<Figure[]> {
  const { layer, condition } = subject;
  const tolerance = precision === "float64" ? "roundTrip64" : "roundTrip32";
  const { params, x, z, forwardNoise, inverseNoise } = await prepare(subject, precision);
  const figures: Figure[] = [];
  const add = (what: string, again: number[], first: number[]): void =>
    void figures.push(within(name, `${what}, ${precision}`, [again, first], tolerance, condition));
  if (noiseSize(layer.inverseNoise) === 0) {
    const there = layer.forward(params(), x(), forwardNoise());
    there.contribution.dispose();
    const again = layer.inverse(params(), there.z, inverseNoise());
    add("inverse(forward(x)) against x", await numbersOf(again), await numbersOf(x()));
  }
  if (noiseSize(layer.forwardNoise) === 0) {
    const back = layer.inverse(params(), z(), inverseNoise());
    const again = layer.forward(params(), back, forwardNoise());
    again.contribution.dispose();
    add("forward(inverse(z)) against z", await numbersOf(again.z), await numbersOf(z()));
  }
  return figures;
}

/** What a layer's noises promise. A bijection promises both. */
export const roundTrips: Law = {
  name,
  promise:
    "without noise in the inverse, inverse(forward(x, any noise)) = x; without noise forward, forward(inverse(z, any noise)) = z",
  skip: ({ layer }) =>
    noiseSize(layer.forwardNoise) > 0 && noiseSize(layer.inverseNoise) > 0
      ? "there is noise in both directions"
      : undefined,
  check: async (subject) => [
    ...(await roundTrip(subject, "float64")),
    ...(await roundTrip(subject, "float32")),
  ],
};
