import type { Network, NetworkLayer } from "@flowify/core";
import { couplingNetwork, denseNetwork } from "@flowify/core/internal";
import type { TableSchema } from "../data/table/schema.js";
import { entryOf } from "../places.js";
import { frontOf, heapingOf } from "./table-front.js";
import { ANY, edgesOf, type Place, placesOf } from "./table-places.js";

/** Widths and bins of the networks; the splines live on ± bound standard deviations. */
const COUPLINGS = { blocks: 2, bins: 8, bound: 4, hidden: 64, marginalBins: 32 } as const;
const ADDITIVE = { couplings: 3, hidden: 64 } as const;

/** Variances along principal directions that hardly vary count as this share of their mean more. */
const SHRINKAGE = 0.01;

const whitened: NetworkLayer = { kind: "whiten", scaled: true, shrinkage: SHRINKAGE };

const { blocks, bins, bound, hidden, marginalBins } = COUPLINGS;

const couplings = (n: number): NetworkLayer[] =>
  n === 1
    ? []
    : Array.from({ length: blocks }, (_, seed): NetworkLayer[] => [
        { kind: "permuteChannels", seed },
        { kind: "coupling", stack: 2, bins, bound, hidden },
      ]).flat();

/**
 * Most columns of a table, and fewest rows, for mixtures of so many normals: in the units of the columns, behind their splines, there
 * where codes share them out, and behind couplings.
 */
const MIXTURES = [
  { most: 3, rows: 1000, own: [2, 3, 4, 6, 9, 16, 24], behind: [4], shared: [9, 16], trained: 4 },
  { most: 8, rows: 0, own: [2, 3, 4, 6, 9, 16], behind: [4], shared: [9], trained: 4 },
  { most: 32, rows: 0, own: [2, 3, 4, 8], behind: [4], shared: [], trained: 4 },
  { most: 100, rows: 0, own: [2, 4], behind: [2], shared: [], trained: 0 },
] as const;

/**
 * Noise for numbers on a grid, then the probability of the codes, and densities of the numbers given them. So many columns of
 * codes that a tree cannot hold them are taken as numbers.
 */
function stack(places: readonly Place[], rows: number): NetworkLayer[] {
  const sized = (apart: number): number[][] =>
    places.map((place) => (place.values ? edgesOf(place, apart) : []));
  const all = APART.map(sized).find((each) => each.flat().length <= MOST_VALUES) ?? sized(Math.min(...APART));
  let room = MOST_BOXES;
  const columns = all.flatMap(({ length }, at) => {
    if (length === 0 || length > room) return [];
    room -= length;
    return [at];
  });
  const edges = all.filter((_, at) => columns.includes(at));
  const cycles: number[][] = [];
  const numbers = places.flatMap((place, at) => {
    if (columns.includes(at)) return [];
    const { cycle } = place;
    if (!cycle || cycle.period > room || edges.flat().length + cycle.period > MOST_VALUES) return [place];
    room -= cycle.period;
    cycles.push([at, cycle.period, cycle.step, cycle.origin]);
    edges.push(Array.from({ length: cycle.period + 1 }, (_, k) => k - 0.5));
    return [{ ...place, gap: 1, origin: 0, size: cycle.count, isSpread: cycle.step !== place.gap }]; // it counts cycles
  });
  const units = columns.map((at) => (places[at]!.values === "numbers" ? places[at]!.gap : 1));
  const steps = units.some((step) => step !== 1) && { steps: [...units, ...cycles.map(() => 1)] };
  columns.push(...cycles.map((_, i) => places.length + i));
  const classes = edges.length < LEAST_FOR_CLASSES ? [] : CLASSES;
  const longest = edges.reduce((most, { length }) => Math.max(most, length), 0);
  const contexts =
    edges.length < LEAST_FOR_CLASSES
      ? 0
      : Math.min(
          CONTEXTS.most,
          Math.floor(Math.min(CONTEXTS.all, CONTEXTS.numbers / longest) / edges.length),
        );
  if (numbers.length === 0) {
    const fixed: NetworkLayer[] = [
      { kind: "valueTree", edges, ...steps, contexts },
      ...classes.map((K): NetworkLayer => ({ kind: "valueClasses", edges, ...steps, classes: K })),
    ];
    const members = [...fixed, { kind: "valueTree", edges, ...steps, contexts, hidden } as const].map(
      (each) => [each],
    );
    return [{ kind: "flowMixture", stacked: true, fixed: fixed.length, members }];
  }
  const front = frontOf(places.map((place, at) => (columns.includes(at) ? ANY : place)));
  const sizes = edges.map((own) => own.length - 1);
  const starts = sizes.map((_, c) => sizes.slice(0, c).reduce((sum, size) => sum + size, 0));
  /** Of each number the place among all values that is 1 where it is there, and not missing. */
  const known = places.flatMap(({ noise }, at) => {
    if (columns.includes(at)) return [];
    return [noise === undefined ? -1 : (starts[columns.indexOf(at + 1)] ?? Number.NaN)];
  });
  const inTree = treeOf(numbers, sizes);
  const heaps = numbers.map((place, i) =>
    inTree.includes(i) || Number.isNaN(known[i]) || place.isSpread ? ANY : place,
  );
  const layers = densities(numbers, sizes, rows);
  /** Of each number where its places in a cycle begin among all values, and how many there are. */
  const inCycles = places.flatMap((_, at) => {
    const column = columns.indexOf(places.length + cycles.findIndex(([of]) => of === at));
    const isIn = cycles.some(([of]) => of === at);
    return columns.includes(at) ? [] : [isIn ? [starts[column]!, sizes[column]!] : []];
  });
  const heaping = heapingOf(
    heaps,
    known.map((place) => place || 0),
    inCycles,
  );
  if (columns.length === 0) return [...front, ...heaping, ...layers];
  const values = {
    columns,
    edges,
    ...steps,
    hidden,
    ...(classes.length > 0 && { classes, contexts }),
    ...(cycles.length > 0 && { cycles }),
  };
  return [
    ...front,
    { kind: "mixedRow", ...values, layers: [...heaping, ...imputed(numbers, known), ...layers] },
  ];
}

/** Classes of rows in which columns of values are independent, and fewest columns: of two, a tree has all there is. */
const CLASSES = [3, 6, 12];
/** Most pairs and triples of values that a column depends on, those of all columns together, and most numbers for them. */
const CONTEXTS = { most: 256, all: 2048, numbers: 2 ** 17 } as const;
const LEAST_FOR_CLASSES = 3;

/** Shares of rows from which and up to which noise is replaced, less does no harm, and more leaves few rows to learn from; and of how many numbers. */
const NOISE = { least: 0.02, most: 0.9, numbers: 16 } as const;

/** What puts numbers that fit to the others in the place of noise, where there is any: first those that lack the fewest. */
function imputed(numbers: readonly Place[], places: readonly number[]): NetworkLayer[] {
  const found = numbers.flatMap(({ noise = 0 }, number) => {
    const known = places[number]!;
    return known >= 0 && noise >= NOISE.least && noise <= NOISE.most ? [{ number, noise, known }] : [];
  });
  const most = found.toSorted((a, b) => a.noise - b.noise).slice(-NOISE.numbers);
  if (most.length === 0) return [];
  return [
    { kind: "impute", numbers: most.map(({ number }) => number), known: most.map(({ known }) => known) },
  ];
}

/** Most boxes of a tree, and how many codes of a column have their own: as many as there is room for. */
const MOST_BOXES = 2048;
const APART = [256, 128, 64, 32, 16, 8, 4, 2];

/**
 * Densities that start from the data: Gaussians and mixtures of normals, in the units of the columns and behind a spline for
 * each, and couplings, which alone are trained. Given codes, their means, scales and weights depend on these.
 */
function densities(places: readonly Place[], sizes: readonly number[], rows: number): NetworkLayer[] {
  const n = places.length;
  const given = sizes.length > 0;
  const {
    own = [],
    behind = [],
    shared = [],
    trained = 0,
  } = MIXTURES.find((each) => n <= each.most && rows >= each.rows) ?? {};
  const normals = (components: number): NetworkLayer => ({ kind: "gaussianMixture", components, kept: 0 });
  const whiten = (shrinkage: number): NetworkLayer => ({ kind: "whiten", scaled: true, shrinkage });
  const marginal: NetworkLayer = { kind: "marginal", bins: marginalBins };
  const factors: NetworkLayer = { kind: "whiten", scaled: true, factors: true };
  const lines: NetworkLayer[] = given ? [{ kind: "conditionalAffine", hidden: 0 }] : [];
  // logarithms of large numbers have light tails: a row far out costs some nats and not thousands
  const heavy: NetworkLayer[] = [{ kind: "actnorm", bent: true }, { kind: "asinh" }, marginal];
  const whole: NetworkLayer =
    n > MOST_HELD_OUT ? whiten(LITTLE) : { kind: "whiten", scaled: true, heldOut: true };
  const gaussian: NetworkLayer[][] = [
    [whole],
    [marginal],
    [...heavy, ...(n > 1 ? [whole] : [])],
    ...inTree(places, sizes, [marginal, { kind: "conditionalAffine", hidden: 0 }, whole]),
    ...(given
      ? [
          [...lines, whole],
          [...lines, marginal, whole],
          [marginal, ...lines, whole],
          [...heavy, ...lines, whole],
        ]
      : []),
  ];
  const bent: NetworkLayer = { kind: "coupling", stack: 1, bins, bound, hidden };
  if (n === 1 && !given)
    return [{ kind: "flowMixture", stacked: true, fixed: gaussian.length, members: gaussian }];
  const fixed = [
    ...gaussian,
    ...own.map((components) => [normals(components)]),
    ...(n === 1
      ? []
      : [
          [marginal, whole],
          [marginal, whiten(0.05)],
        ]),
    ...(n < LEAST_FOR_FACTORS ? [] : [[factors], [marginal, factors]]),
    ...[...behind, ...(given ? shared : [])].map((components) => [marginal, normals(components)]),
  ];
  const moving = n === 1 ? [bent] : couplings(n);
  const learning = [
    marginal,
    ...lines,
    whiten(SHRINKAGE),
    ...moving,
    ...(trained > 0 ? [normals(trained)] : []),
  ];
  return [{ kind: "flowMixture", stacked: true, fixed: fixed.length, members: [...fixed, learning] }];
}

/**
 * A tree of the numbers of few values, given the codes, and layers of the other numbers, given both. Nothing where a tree has no
 * two columns.
 *
 * @param sizes how many values each column of codes has
 */
function inTree(
  places: readonly Place[],
  sizes: readonly number[],
  layers: readonly NetworkLayer[],
): NetworkLayer[][] {
  const columns = treeOf(places, sizes);
  if (columns.length === 0) return [];
  const edges = columns.map((at) => {
    const { gap, origin, size } = places[at]!;
    return edgesOf({ gap, origin, size, values: "numbers" }, 0);
  });
  const own = { edges, ...(sizes.length > 0 && { given: sizes }) };
  return columns.length === places.length
    ? [[{ kind: "valueTree", ...own }]]
    : [[{ kind: "mixedRow", columns, ...own, layers }]];
}

/** The numbers that are in a tree: of few values, where there are two columns at least with those of codes. */
function treeOf(places: readonly Place[], sizes: readonly number[]): number[] {
  let room = Math.min(MOST_VALUES, MOST_BOXES - sizes.reduce((sum, size) => sum + size, 0));
  const found: number[] = [];
  for (const [at, { size, noise }] of [...places.entries()].toSorted(([, a], [, b]) => a.size - b.size)) {
    if (noise !== undefined || size > MOST_IN_TREE || size + 2 > room) continue;
    room -= size + 2;
    found.push(at);
  }
  return found.length + sizes.length < 2 ? [] : found.toSorted((a, b) => a - b);
}

/** Most values of all columns together for a tree of them, and of one that is a number. */
const MOST_VALUES = 512;
const MOST_IN_TREE = 64;

/** Fewer columns have a covariance of few numbers without common factors. */
const LEAST_FOR_FACTORS = 6;

/** Most columns whose variances are those of held-out rows: each part of the rows takes a decomposition. */
const MOST_HELD_OUT = 1024;

/** Shrinkage that a Gaussian of many rows does not need, for columns that are copies of others. */
const LITTLE = 1e-4;

/** Layers behind the front, for so many columns; by the name of the network without `table/`. */
export const tableBodies: {
  readonly [name: string]: Readonly<{
    brief: string;
    layers(columns: number): readonly NetworkLayer[];
    /** With the noise, for the numbers of a row. */
    whole?(places: readonly Place[], rows: number): readonly NetworkLayer[];
  }>;
} = {
  stack: {
    brief:
      "a mixture of Gaussians, copulas, mixtures of normals and couplings, weighed by held-out rows: the default for tables",
    layers: (n) => densities(new Array<Place>(n).fill(ANY), [], 0),
    whole: stack,
  },
  couplings: {
    brief: "a spline for each column, and spline couplings under random permutations",
    layers: (n) => [{ kind: "marginal", bins: marginalBins }, ...couplings(n)],
  },
  additive: {
    brief: "additive couplings: the volume is that of the whitening, the same for all rows",
    layers: (n) => [
      whitened,
      ...(n === 1
        ? []
        : [
            {
              kind: "coupling",
              stack: ADDITIVE.couplings,
              additive: true,
              hidden: ADDITIVE.hidden,
            } as const,
          ]),
    ],
  },
  dense: {
    brief: "three dense layers with splines, which keep half of the columns and model the others",
    layers: (n) => denseNetwork(n, [n, Math.ceil(0.75 * n), Math.ceil(n / 2)]).layers,
  },
  gaussian: {
    brief: "one Gaussian",
    layers: (n) => [...couplingNetwork(n, { blocks: 0 }).layers, { kind: "affine" }],
  },
};

/** The network of this name for rows of so many numbers. */
export function tableNetwork(name: string, columns: number, schema: TableSchema | undefined): Network {
  const { layers, whole } = entryOf(tableBodies, name);
  const places = schema && placesOf(schema);
  const front = places ? frontOf(places) : [];
  return {
    inShape: [columns],
    layers: places && whole ? whole(places, schema.rows) : [...front, ...layers(columns)],
  };
}
