/** What the general laws leave to these: centred noise of tiles, pixels in no patch, mixtures in kernels. */
import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { type MixtureParams, mixture } from "../../src/densities/mixture.js";
import { normalResidual } from "../../src/densities/residual.js";
import { kernel } from "../../src/layers/kernel.js";
import { nth } from "../../src/lists.js";
import { makeRng } from "../../src/math/rng.js";
import type { NoiseTree } from "../../src/noise.js";
import type { HostArray } from "../../src/params/host-array.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logDet } from "../../src/testing/jacobian.js";
import { logNormal, type Rows, sum, toRows } from "../../src/testing/plain.js";
import { host, type Prepared, prepare, toJax } from "../../src/testing/prepare.js";
import { mixtureSplits } from "../catalog-channels.js";
import { images, mixtureKernels, tiles } from "../catalog-images.js";
import { expectClose } from "../support/compare.js";
import type { CatalogEntry } from "../support/entry.js";
import { multiply, plainMixture } from "../support/plain.js";
import { copiesOf, gapMoments, sumToZero } from "../support/plain-tile.js";

const numbers = (a: HostArray | undefined): number[] => Array.from((a as HostArray).data);
const matrix = (rows: Rows, columns: number): np.Array =>
  toJax(host(rows.flat(), [rows.length, columns]), "float64");

describe("a tile's contribution, its noise in a basis of the space of sum zero (float64)", () => {
  it.each(tiles)("$entry.name", async ({ entry, windows }) => {
    const prepared = await prepare(entry, "float64");
    const { layer } = entry;
    const [channels, height, width] = layer.inShape as [number, number, number];
    const pixels = channels * height * width;
    const copies = copiesOf([channels, height, width], windows);
    const covered = copies.flatMap((of, pixel) => (of.length > 0 ? [pixel] : []));
    const basis = copies.flatMap((of) => sumToZero(of.length).map((v) => ({ of, v })));
    const total = copies.flat().length; // entries of z

    // (covered pixels, e) ↦ (x, ε)
    const [nx, ne] = [covered.length, basis.length];
    expect(nx + ne).toBe(total);
    const toPixels = covered.map((pixel) => Array.from({ length: pixels }, (_, i) => (i === pixel ? 1 : 0)));
    const toNoise = basis.map(({ of, v }) => {
      const row = new Array<number>(total).fill(0);
      of.forEach((copy, k) => {
        row[copy] = nth(v, k);
      });
      return row;
    });
    const x = await numbersOf(prepared.x(1));
    const missing = x.map((v, i) => (covered.includes(i) ? 0 : v));
    const rng = makeRng(5);
    const e = Array.from({ length: ne }, () => rng.normal());
    const noiseOf = (rest: np.Array): NoiseTree => {
      if (ne > 0)
        return {
          tile: np.matmul(rest.reshape([1, ne]), matrix(toNoise, total)).reshape([1, ...layer.outShape]),
        };
      rest.dispose();
      return {};
    };
    const forward = (v: np.Array) => {
      const xs = np.matmul(v.ref.slice([0, nx]).reshape([1, nx]), matrix(toPixels, pixels));
      const image = xs.add(toJax(host(missing, [1, pixels]), "float64")).reshape([1, ...layer.inShape]);
      return layer.forward(prepared.params(), image, noiseOf(v.slice([nx, nx + ne])));
    };
    const point = [...covered.map((pixel) => nth(x, pixel)), ...e];
    const det = await logDet((v) => {
      const { z, contribution } = forward(v);
      contribution.dispose();
      return z.reshape([-1]);
    }, point);
    const { z, contribution } = forward(toJax(host(point, [point.length]), "float64"));
    z.dispose();
    const expected = det - sum(e.map((v) => logNormal(v))) + gapLogProb(prepared, x, copies, windows);
    expectClose(await numbersOf(contribution), [expected], "contribution");
  });

  it.each(tiles)(
    "the covered pixels come back, the others are drawn: $entry.name",
    async ({ entry, windows }) => {
      const prepared = await prepare(entry, "float64");
      const { layer } = entry;
      const shape = layer.inShape as [number, number, number];
      const copies = copiesOf(shape, windows);
      const { z, contribution } = layer.forward(prepared.params(), prepared.x(1), prepared.forwardNoise(1));
      contribution.dispose();
      const again = await numbersOf(layer.inverse(prepared.params(), z, prepared.inverseNoise(1)));
      const x = await numbersOf(prepared.x(1));
      const drawn = layer.inverseNoise && "gaps" in layer.inverseNoise ? await gapNoise(prepared) : [];
      const { mean, std } = gapMoments(gapParams(prepared), x, shape, copies, windows);
      const expected = x.map((v, i) =>
        nth(copies, i).length > 0 ? v : nth(mean, i) + nth(std, i) * nth(drawn, i),
      );
      expectClose(again, expected, "roundTrip64");
    },
  );

  it("is tried with gaps, overlap, both and neither", () => {
    const kinds = tiles.map(({ entry: { layer } }) => [layer.exact, "gaps" in layer.inverseNoise].join());
    expect(new Set(kinds).size).toBe(4);
  });
});

const gapNoise = async (prepared: Prepared): Promise<number[]> =>
  numbersOf((prepared.inverseNoise(1) as { gaps: np.Array }).gaps);

function gapParams({ hostParams }: Prepared) {
  const gaps = (hostParams as { gaps?: { [name: string]: HostArray } }).gaps;
  return gaps && { slope: numbers(gaps.slope), offset: numbers(gaps.offset), logStd: numbers(gaps.logStd) };
}

function gapLogProb(
  prepared: Prepared,
  x: readonly number[],
  copies: readonly number[][],
  windows: (typeof tiles)[number]["windows"],
): number {
  const shape = prepared.subject.layer.inShape as [number, number, number];
  const { mean, std } = gapMoments(gapParams(prepared), x, shape, copies, windows);
  return sum(x.map((v, i) => (nth(copies, i).length > 0 ? 0 : logNormal(v, nth(mean, i), nth(std, i)))));
}

describe("a kernel with a mixture contributes what the formula says, location and scale from its Gaussian twin", () => {
  it.each(mixtureKernels)("$entry.name", async ({ entry, m, options }) => {
    const prepared = await prepare(entry, "float64");
    const { layer, batch = 3 } = entry;
    const [oh, ow, n] = layer.inShape as [number, number, number];
    const d = n - m;
    const twin = kernel(layer.inShape, m, { ...options, residual: normalResidual });
    const own = prepared.hostParams as { [name: string]: HostArray } & {
      residual: { [name: string]: HostArray };
    };
    const dropped = async (x: np.Array): Promise<Rows> =>
      multiply(toRows(await numbersOf(x), n), toRows(numbers(own.rotateIn), n)).map((row) => row.slice(0, d));
    const at0 = async (epsilon: number): Promise<Rows> => {
      const { z, contribution } = layer.forward(prepared.params(), prepared.x(), {});
      contribution.dispose();
      const normal = toJax(
        host(new Array<number>(batch * oh * ow * d).fill(epsilon), [batch, oh, ow, d]),
        "float64",
      );
      const params = prepared.params() as { residual: { [name: string]: np.Array } };
      for (const unused of Object.values(params.residual)) unused.dispose();
      return dropped(twin.inverse({ ...params, residual: {} } as never, z, { normal }));
    };
    const [locations, ones, values] = [await at0(0), await at0(1), await dropped(prepared.x())];
    const table = (name: string): Rows => toRows(numbers(own.residual[name]), d);
    const density = values.map((row, i) =>
      plainMixture(
        row,
        nth(locations, i),
        nth(ones, i).map((one, j) => Math.log(one - nth(nth(locations, i), j))),
        table("logits"),
        table("offsets"),
        table("logWidths"),
      ),
    );
    const volume = oh * ow * sum(numbers(own.logScale));
    const expected = toRows(density, oh * ow).map((row) => volume + sum(row));
    const { z, contribution } = layer.forward(prepared.params(), prepared.x(), {});
    z.dispose();
    expectClose(await numbersOf(contribution), expected, "contribution");
  });
});

describe("a split with a mixture contributes the density of what leaves at every place", () => {
  it.each(mixtureSplits)("$name", async (one) => {
    const prepared = await prepare(one, "float64");
    const { inShape, outShape } = one.layer;
    const [channels, kept] = [inShape[0] as number, outShape[0] as number];
    const places = sizeOf(inShape) / channels;
    const images = toRows(await numbersOf(prepared.x()), channels * places);
    const rows = (from: number, to: number): np.Array => {
      const values = images.flatMap((pixels) =>
        Array.from({ length: places }, (_, place) =>
          Array.from({ length: to - from }, (_v, c) => nth(pixels, (from + c) * places + place)),
        ),
      );
      return matrix(values, to - from);
    };
    const { dropped } = prepared.params() as unknown as { dropped: MixtureParams };
    const logs = mixture(channels - kept, kept).logProb(dropped, rows(kept, channels), rows(0, kept));
    const expected = toRows(await numbersOf(logs), places).map(sum);
    const { z, contribution } = one.layer.forward(prepared.params(), prepared.x(), {});
    z.dispose();
    expectClose(await numbersOf(contribution), expected, "contribution");
  });
});

const named = (list: readonly { entry: CatalogEntry }[]): string[] => list.map(({ entry }) => entry.name);

it("every tile and every kernel with a mixture is here", () => {
  const left = images.filter(
    ({ layer, of }) => layer.name === "tile" || (layer.name === "kernel" && of.includes("mixtureResidual")),
  );
  expect(left.map(({ name }) => name)).toEqual([...named(tiles), ...named(mixtureKernels)]);
});
