import { type GraphBuilder, toFloat } from "./graph-builder.js";

const TURN = 2 * Math.PI;

/** A place on a circle, with the end beside the beginning: cosine and sine of 2π t / period. NaN is the middle of the circle. */
export function putOnCircle(value: number, period: number, out: Float32Array, at: number): void {
  const share = value / period;
  const angle = TURN * (share - Math.floor(share));
  out[at] = Number.isNaN(value) ? 0 : Math.cos(angle);
  out[at + 1] = Number.isNaN(value) ? 0 : Math.sin(angle);
}

/** The same in a graph, [batch, 2] from float64 [batch, 1]. */
export function circleInGraph(g: GraphBuilder, value: string, period: number): string {
  const share = g.node("Div", [value, g.doubles(period)]);
  const turn = g.node("Sub", [share, g.node("Floor", [share])]);
  const angle = g.node("Mul", [toFloat(g, turn), g.floats([TURN])]);
  const place = g.node("Concat", [g.node("Cos", [angle]), g.node("Sin", [angle])], { axis: 1 });
  return g.node("Where", [g.node("IsNaN", [value]), g.floats([0]), place]);
}

/** What lies at this place, from 0 to the period; none in the middle. */
export function onCircle(numbers: Float32Array, period: number): number | undefined {
  const [x, y] = [numbers[0]!, numbers[1]!];
  if (Math.hypot(x, y) < 0.5) return undefined;
  const share = Math.atan2(y, x) / TURN;
  return period * (share - Math.floor(share));
}
