import { valueAt } from "../places.js";
import { banded, fitProjection, type Projection, project, projectedWidth } from "./projection.js";
import type { Tap } from "./taps.js";

/** Taps of a network as one row of features. */
export type Features = Readonly<{
  name: string;
  /** Numbers of taps among all, with their projections. */
  parts: readonly Readonly<{ at: number; projection: Projection }>[];
  width: number;
}>;

/** Features in all, about. */
const WIDTH = { one: 40, all: 80 } as const;

/** Features of each tap alone, and of all together. */
export function featureChoices(
  taps: readonly Pick<Tap, "name" | "width">[],
  rows: readonly Float32Array[],
): Features[] {
  const fitted = (most: number) =>
    taps.flatMap(({ name, width }, at) => {
      const projection = fitProjection(valueAt(rows, at), width, most);
      return projection ? [{ at, projection, name }] : [];
    });
  const alone = fitted(WIDTH.one);
  const made = (name: string, parts: Features["parts"]): Features => ({
    name,
    parts,
    width: parts.reduce((sum, { projection }) => sum + projectedWidth(projection), 0),
  });
  const single = alone.map(({ name, ...part }) => made(name, [part]));
  if (single.length < 2) return single;
  const most = Math.floor(WIDTH.all / single.length) - 1;
  const all = taps.map(({ name }) => name).join(" + ");
  const joined = alone.map(({ at, projection }) => ({ at, projection: narrowed(projection, most) }));
  const few = Math.max(1, Math.floor(most / 2));
  const bands = alone.map(({ at, projection }) => ({ at, projection: banded(projection, few) }));
  const hasBands = bands.some(({ projection }) => projection.bands.length > 0);
  return [...single, made(all, joined), ...(hasBands ? [made(`${all}, in bands`, bands)] : [])];
}

/** The first directions. */
function narrowed(projection: Projection, most: number): Projection {
  const { directions, kept, variances, ...others } = projection;
  const fewer = Math.min(kept, most);
  if (fewer === kept) return projection;
  const width = directions.length / kept;
  const first = Float32Array.from({ length: width * fewer }, (_, i) =>
    valueAt(directions, Math.floor(i / fewer) * kept + (i % fewer)),
  );
  const along = variances.subarray(0, fewer);
  return { ...others, directions: first, kept: fewer, shown: fewer, variances: along, hasRest: true };
}

export function featureRows({ parts, width }: Features, taps: readonly Float32Array[]): Float32Array {
  const made = parts.map(({ at, projection }) => ({
    rows: project(projection, valueAt(taps, at)),
    own: projectedWidth(projection),
  }));
  const first = valueAt(made, 0);
  const count = first.rows.length / first.own;
  const out = new Float32Array(count * width);
  let from = 0;
  for (const { rows, own } of made) {
    for (let i = 0; i < count; i++) out.set(rows.subarray(i * own, (i + 1) * own), i * width + from);
    from += own;
  }
  return out;
}
