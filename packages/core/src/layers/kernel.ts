import { numpy as np } from "@jax-js/jax";
import { normalResidual, placed, type ResidualDistribution } from "../densities/residual.js";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { columnMoments } from "../init/moments.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { splitKey } from "../math/keys.js";
import { perExample, softBound, sumExamples } from "../math/numerics.js";
import { unfold, type Windows, windowReach } from "../math/windows.js";
import { type ConvStep, convNet, pointwise } from "../nn/conv-net.js";
import type { DenseParams } from "../nn/mlp.js";
import { withCondition } from "../nn/with-condition.js";
import { mapTreeOfNoise } from "../noise.js";
import { lazy } from "../on-demand.js";
import type * as o from "../options.js";
import { floats } from "../params/host.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { countOf, expectSizes, type Shape, showShape } from "../shape.js";
import { droppedRows, initMap } from "./linear-init.js";
import { checkWeights, pretrainedParams, weightRotations } from "./linear-weights.js";
import { type OrthogonalKind, orthogonal } from "./orthogonal.js";

/**
 * Parameters of a reducing kernel: those of a linear layer at every location, and the network that
 * looks at the whole output to model what was dropped. `center` and `logUnit` [d] are fixed units
 * from the data-dependent start, `distribution` that of the residuals.
 */
export type KernelParams = {
  rotateIn: np.Array;
  rotateOut: np.Array;
  logScale: np.Array;
  bias: np.Array;
  network: DenseParams[];
  center: np.Array;
  logUnit: np.Array;
  residual: ArrayTree;
};

/** Its rotations are always whole matrices. */
type DenseMap = Pick<KernelParams, "rotateIn" | "rotateOut" | "logScale" | "bias">;

export type KernelOptions = {
  /** The tile in front: channels and windows of the image that the patches were taken from. */
  channels: number;
  windows: Windows;
  /** Size of that image. */
  size: readonly [height: number, width: number];
  /** How the rotations are parameters. Default `manifold`. */
  orthogonal?: OrthogonalKind;
  /** The distribution of the residuals. Default N(0, 1), the paper's. */
  residual?: ResidualDistribution;
  /** Given weights [m, n], kept. */
  weights?: o.DenseWeights;
  /** Numbers of a condition that the network sees as well. Default none. */
  condition?: number;
  /** Soft bound of the log-std around its unit, nats; Infinity for none (the paper's). Default 3. */
  limit?: number;
};

/**
 * The linear layer of `linear` at every location, [rows, columns, n] ↦ [m, rows, columns], n > m, whose
 * dropped coordinates are modelled from the neighbourhood (the paper's "patching" inverse): a
 * convolutional network of the output z gives a mean image and a log-std image at the size of the
 * input; both are cut into patches and rotated by R₁, and their first d entries are the mean and the
 * log-std of y_drop in units of the start.
 *
 *     L = Σ s × (number of locations) + log q(y_drop | z)
 *
 * Exact. Source: Flowification, section 3.3 and its reference implementation.
 *
 * @example
 * ```ts
 * import { kernel } from "@flowify/core/layers";
 *
 * // 2 × 2 patches of a 4 × 4 image, without overlap: each from 4 numbers to 2
 * const rows = { count: 2, size: 2, stride: 2, dilation: 1 };
 * const layer = kernel([2, 2, 4], 2, { channels: 1, windows: [rows, rows], size: [4, 4] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 2, 2, 4 ] [ 2, 2, 2 ] true
 * ```
 */
export function kernel(inShape: Shape, m: number, options: KernelOptions): FlowLayer<KernelParams> {
  const {
    channels,
    windows,
    residual: distribution = normalResidual,
    limit = 3,
    condition: given = 0,
  } = options;
  const [rows, columns] = windows;
  const [oh = 0, ow = 0, n = 0] = inShape;
  expectSizes("kernel", { in: n, out: m });
  if (n <= m) throw new ShapeError(`kernel: a reducing kernel needs in > out, got ${n} → ${m}`);
  if (inShape.length !== 3 || n !== channels * rows.size * columns.size)
    throw new ShapeError(
      `kernel: patches of ${channels} channels and ${rows.size} × ${columns.size} have ${channels * rows.size * columns.size} entries, got ${showShape(inShape)}`,
    );
  if (rows.count !== oh || columns.count !== ow)
    throw new ShapeError(
      `kernel: windows at ${rows.count} × ${columns.count} locations, got ${showShape(inShape)}`,
    );
  const [tall, wide] = [windowReach(rows), windowReach(columns)];
  if (tall > options.size[0] || wide > options.size[1])
    throw new ShapeError(
      `kernel: windows reach ${tall} × ${wide}, the image has ${options.size[0]} × ${options.size[1]}`,
    );
  const d = n - m;
  const locations = oh * ow;
  const outShape = [m, oh, ow];
  const kind = options.weights ? "manifold" : (options.orthogonal ?? "manifold");
  const { weights } = options;
  if (weights) checkWeights(weights, n, m);
  const givenMap = weights && lazy(() => weightRotations(weights, n, m));
  const [r1, r2] = [orthogonal(kind, n), orthogonal(kind, m)];
  const network = convNet(patchingSteps(channels, m, given, windows));
  const parameterKinds: { [name: string]: ParameterKinds } = {
    center: "fixed",
    logUnit: "fixed",
    network: network.parameterKinds,
  };
  if (r1.parameterKind) parameterKinds.rotateIn = r1.parameterKind;
  if (r2.parameterKind) parameterKinds.rotateOut = r2.parameterKind;
  const fixed = { rotateIn: "fixed", rotateOut: "fixed", logScale: "fixed", bias: "fixed" } as const;
  const residualNoise = distribution.noise(d);

  /** Location and log-scale of y_drop from z [B, m, oh, ow] and the condition, rows [B · locations, d]. Consumes all. */
  const conditional = (
    params: Pick<KernelParams, "network" | "center" | "logUnit">,
    rotation: np.Array,
    z: np.Array,
    condition?: np.Array,
  ): { location: np.Array; logScale: np.Array } => {
    const images = fit(network.apply(params.network, withCondition(z, condition)), options.size); // [B, 2C, H, W]
    const dropping = rotation.slice([], [0, d]); // [n, d]
    const part = (from: number): np.Array => {
      const image = images.ref.slice([], [from, from + channels]);
      return np.matmul(unfold(image, windows).reshape([-1, n]), dropping.ref);
    };
    const [h1, h2] = [part(0), part(channels)];
    images.dispose();
    dropping.dispose();
    const location = h1.mul(np.exp(params.logUnit.ref)).add(params.center);
    const logScale = (limit === Number.POSITIVE_INFINITY ? h2 : softBound(h2, limit)).add(params.logUnit);
    return { location, logScale };
  };
  const toImage = (w: np.Array, batch: number): np.Array =>
    np.transpose(w.reshape([batch, oh, ow, m]), [0, 3, 1, 2]);
  const toRows = (z: np.Array): np.Array => np.transpose(z, [0, 2, 3, 1]).reshape([-1, m]);

  return defineLayer<KernelParams>({
    name: "kernel",
    inShape,
    outShape,
    inverseNoise: Object.fromEntries(
      Object.entries(residualNoise).map(([name, noise]) => [
        name,
        { ...noise, shape: [oh, ow, ...noise.shape] },
      ]),
    ),
    ...(given > 0 && { condition: [given] }),
    parameterKinds,
    init(key) {
      const [k1, k2, k3] = splitKey(key, 3);
      if (givenMap) for (const unused of [k1, k2]) unused.dispose();
      return {
        ...(givenMap
          ? (pretrainedParams(givenMap()) as DenseMap)
          : { rotateIn: r1.init(k1), rotateOut: r2.init(k2), logScale: np.zeros([m]), bias: np.zeros([m]) }),
        network: network.init(k3),
        center: np.zeros([d]),
        logUnit: np.zeros([d]),
        residual: distribution.init(d),
      };
    },
    forward(params, x, _noise, condition) {
      const batch = countOf(x);
      const rotation = r1.matrix(params.rotateIn);
      const y = np.matmul(x.reshape([-1, n]), rotation.ref); // [B · locations, n]
      const drop = y.ref.slice([], [0, d]);
      const w = y.slice([], [d, n]).mul(np.exp(params.logScale.ref));
      const volume = perExample(np.sum(params.logScale).mul(locations), batch);
      const z = toImage(np.matmul(w, r2.matrix(params.rotateOut)).add(params.bias), batch);
      const { location, logScale } = conditional(params, rotation, z.ref, condition);
      const residual = drop.sub(location).mul(np.exp(logScale.ref.neg()));
      const density = distribution.logDensity(params.residual, residual).sub(logScale); // [B · locations, d]
      return { z, contribution: volume.add(sumExamples(density.reshape([batch, locations * d]))) };
    },
    inverse(params, z, noise, condition) {
      const batch = countOf(z);
      const rotation = r1.matrix(params.rotateIn);
      const w = np.matmul(toRows(z.ref).sub(params.bias), np.transpose(r2.matrix(params.rotateOut)));
      const kept = w.mul(np.exp(params.logScale.neg()));
      const { location, logScale } = conditional(params, rotation.ref, z, condition);
      const drawn = mapTreeOfNoise(noise, (a: np.Array) => a.reshape([-1, d]));
      const drop = location.add(np.exp(logScale).mul(distribution.draw(params.residual, drawn)));
      const y = np.concatenate([drop, kept], 1);
      return np.matmul(y, np.transpose(rotation)).reshape([batch, ...inShape]);
    },
    facts: {
      frozenParameterKinds: { ...parameterKinds, ...fixed },
      get flooredValues() {
        return givenMap ? m - givenMap().rank : 0;
      },
      steps({ rotateIn, rotateOut, logScale, bias, residual, ...own }) {
        if (given > 0)
          throw new UnsupportedOpError(
            "kernel",
            "kernel",
            "kernel: a density with a condition cannot be coded without loss",
          );
        const rotation = r1.matrix(rotateIn);
        const places = Array.from({ length: locations * n }, (_, i) => i);
        const at = (kept: boolean): number[] => places.filter((i) => i % n >= d === kept);
        const channelsFirst = Array.from(
          { length: locations * m },
          (_, i) => (i % locations) * m + Math.floor(i / locations),
        );
        const network = {
          params: { own, rotation: rotation.ref, residual },
          shape: outShape,
          run(params: ArrayTree, z: np.Array) {
            const parts = params as { own: typeof own; rotation: np.Array; residual: ArrayTree };
            const { location, logScale: log } = conditional(parts.own, parts.rotation, z);
            const q = placed(distribution.components(parts.residual, d), location, log);
            return [q.weights, q.means, q.stds];
          },
        };
        return [
          { step: "turn", matrix: rotation },
          {
            step: "drop",
            dropped: at(false),
            kept: at(true),
            after: [
              { step: "scale", factors: np.exp(logScale) },
              { step: "turn", matrix: r2.matrix(rotateOut) },
              { step: "shift", by: bias },
              { step: "move", from: channelsFirst },
            ],
            density: network,
          },
        ];
      },
    },
    async initFromData(key, examples) {
      const [k1, k2, networkKey] = splitKey(key, 3);
      const patches = rowsOf(examples, (x) => x.reshape([-1, n]), n);
      const rotations = { rotateIn: r1, rotateOut: r2, given: givenMap?.() };
      const started = await initMap({ n, m, augmentationStd: 1, ...rotations }, [k1, k2], patches);
      const [map, doubt] = [started.map as DenseMap, started.doubt];
      const dropOf = (x: np.Array): np.Array => np.matmul(x, r1.matrix(map.rotateIn.ref)).slice([], [0, d]);
      const dropped = await columnMoments(droppedRows(patches, dropOf, { d, doubt }));
      return {
        ...map,
        network: network.init(networkKey, { lastZero: true }),
        center: floats(dropped.mean),
        logUnit: floats(dropped.logStd),
        residual: distribution.init(d),
      };
    },
  });
}

/** The paper's network, width N = 2 C + m: six 1 × 1 steps, up to the size of the input, two 3 × 3 steps, six 1 × 1 steps. */
function patchingSteps(channels: number, m: number, given: number, [rows, columns]: Windows): ConvStep[] {
  const N = 2 * channels + m;
  const three = { kind: "conv", in: N, out: N, kernel: [3, 3], padding: 1 } as const;
  return [
    ...pointwise(m + given, N, N, 6),
    {
      kind: "up",
      in: N,
      out: N,
      kernel: [rows.size, columns.size],
      stride: [rows.stride, columns.stride],
      dilation: [rows.dilation, columns.dilation],
      relu: true,
    },
    { ...three, relu: true },
    { ...three, relu: false },
    ...pointwise(N, N, 2 * channels, 6),
  ];
}

/** Zeros below and to the right where the windows leave a rest of the image uncovered. */
function fit(images: np.Array, [height, width]: readonly [number, number]): np.Array {
  const [, , h = 0, w = 0] = images.shape;
  if (h === height && w === width) return images;
  return np.pad(images, [
    [0, 0],
    [0, 0],
    [0, height - h],
    [0, width - w],
  ]);
}
