import { nextBits } from "./xoshiro.js";

/** Marsaglia and Tsang's tables for 128 strips: r is the start of the tail, v the area of a strip. */
const STRIPS = 128;
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;

/** Ends of the strips; the width of the first one is its area divided by its height. */
const edges = new Float64Array(STRIPS + 1);
/** The share of a strip below which every point is under the curve. */
const ratios = new Float64Array(STRIPS);
{
  let f = Math.exp(-0.5 * TAIL * TAIL);
  edges[0] = AREA / f;
  edges[1] = TAIL;
  edges[STRIPS] = 0;
  for (let i = 2; i < STRIPS; i++) {
    edges[i] = Math.sqrt(-2 * Math.log(AREA / edges[i - 1] + f));
    f = Math.exp(-0.5 * edges[i] * edges[i]);
  }
  for (let i = 0; i < STRIPS; i++) ratios[i] = edges[i + 1] / edges[i];
}

/** 53 bits in the open interval (0, 1), for a logarithm. */
const open = (state) => ((nextBits(state) >>> 5) * 67108864 + (nextBits(state) >>> 6) + 0.5) * 2 ** -53;

/** A standard normal number by the ziggurat method (Marsaglia and Tsang 2000, 128 strips). */
export function nextNormal(state) {
  for (;;) {
    const word = nextBits(state) | 0;
    const strip = word & (STRIPS - 1);
    const u = word * 2 ** -31; // sign and position; its low 7 bits chose the strip
    const x = Math.abs(u) < ratios[strip] ? u * edges[strip] : atEdge(state, strip, u);
    if (!Number.isNaN(x)) return x;
  }
}

/** A normal in the tail, or in a strip beside the next one; NaN if it must be drawn again. */
function atEdge(state, strip, u) {
  if (strip === 0) {
    let x;
    let y;
    do {
      x = Math.log(open(state)) / TAIL;
      y = Math.log(open(state));
    } while (-2 * y < x * x);
    return u < 0 ? x - TAIL : TAIL - x;
  }
  const x = u * edges[strip];
  const upper = Math.exp(-0.5 * (edges[strip] * edges[strip] - x * x));
  const lower = Math.exp(-0.5 * (edges[strip + 1] * edges[strip + 1] - x * x));
  return lower + open(state) * (upper - lower) < 1 ? x : Number.NaN;
}
