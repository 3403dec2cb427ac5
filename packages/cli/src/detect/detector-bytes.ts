import { type DataError, decodeSafetensors, encodeSafetensors, HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import * as v from "valibot";
import { tableSchema } from "../data/table/schema.js";
import { checked } from "../files/check.js";
import { encodedWidth } from "../tables/columns/kinds.js";
import type { CountedCells } from "../tables/features.js";
import { type Scales, usualWeights } from "./combine.js";
import { scoreKinds } from "./score-columns.js";
import { KNOTS } from "./spaces.js";
import type { TableDetector } from "./table-detector.js";

const finite = v.pipe(v.number(), v.finite());
const scale = v.strictObject({
  middle: finite,
  spread: v.pipe(finite, v.gtValue(0)),
  sure: finite,
  weight: v.exactOptional(v.pipe(finite, v.minValue(0))),
});

const VERSION = 8;
/** The first version in which these missing cells count by their frequency. */
const FIRST_VERSIONS = { none: 6, numbers: 7, all: VERSION } as const satisfies Record<CountedCells, number>;

const documentSchema = v.strictObject({
  format: v.literal("flowify-detector"),
  /** Before 6 all tables had the same weights; for the others see FIRST_VERSIONS. */
  version: v.picklist([5, 6, 7, VERSION]),
  contaminated: v.boolean(),
  /** Of the table that it was fitted to. */
  columns: tableSchema.entries.columns,
  /** What the reference rows are called, where a column names the rows. */
  names: v.exactOptional(v.array(v.string())),
  scales: v.strictObject({ flow: scale, robust: scale, mixed: scale, neighbours: scale }),
});

/** A detector as the bytes of a safetensors file; what is no array is JSON in its metadata. */
export function encodeDetector({ detector, names, calibrations }: TableDetector): Uint8Array {
  const { columns, contaminated, counted, spaces, reference, places, flow, scales } = detector;
  const { width, knots, normals, ...moments } = spaces;
  const floats = (data: Float32Array, ...shape: number[]) => new HostArray(data, shape, np.float32);
  const tensors: { [name: string]: HostArray } = {
    ...flow,
    reference: floats(reference, places.length, reference.length / places.length),
    places: new HostArray(places, [places.length], np.uint32),
    knots: floats(knots, width, KNOTS),
    normals: floats(normals, width, KNOTS),
  };
  for (const [name, data] of Object.entries(moments)) tensors[name] = floats(data, width);
  for (const kind of scoreKinds) {
    const { scores } = calibrations[kind];
    tensors[`calibration.${kind}`] = new HostArray(scores, [scores.length], np.float64);
  }
  const document = {
    format: "flowify-detector",
    version: FIRST_VERSIONS[counted],
    contaminated,
    columns,
    scales,
    ...(names && { names }),
  };
  // keys in the order of the schema, which a configuration that was read has as well
  return encodeSafetensors(tensors, { detector: JSON.stringify(v.parse(documentSchema, document)) });
}

/** An error about bytes that are no detector. */
type Damaged = (why: string, cause?: unknown) => DataError;

/** The detector that bytes hold. Throws what `damaged` makes where they hold none. */
export function decodeDetector(bytes: Uint8Array, damaged: Damaged): TableDetector {
  const file = decoded(bytes, damaged);
  const { version, contaminated, columns, scales, names } = checked(documentSchema, file.document, damaged);
  const own = encodedWidth({ columns });
  const width = file.tensors.mean?.data.length ?? 0;
  const take = <T extends HostArray["data"]>(name: string, type: new () => T, length?: number): T => {
    const data = file.tensors[name]?.data;
    if (!(data instanceof type) || data.length === 0 || (length !== undefined && data.length !== length))
      throw damaged(`${name} is missing or has another size`);
    return data;
  };
  const features = (name: string, each = 1): Float32Array => take(name, Float32Array, each * width);
  const places = take("places", Uint32Array);
  const calibrations = scoreKinds.map((kind) => [
    kind,
    { scores: take(`calibration.${kind}`, Float64Array) },
  ]);
  if (names !== undefined && names.length !== places.length)
    throw damaged(`${names.length} names for ${places.length} rows`);
  return {
    ...(names && { names }),
    calibrations: Object.fromEntries(calibrations) as TableDetector["calibrations"],
    detector: {
      columns,
      form: "table",
      contaminated,
      counted: version >= FIRST_VERSIONS.all ? "all" : version >= FIRST_VERSIONS.numbers ? "numbers" : "none",
      scales: weighed(scales, contaminated),
      places,
      reference: take("reference", Float32Array, places.length * own),
      flow: Object.fromEntries(Object.entries(file.tensors).filter(([name]) => name.startsWith("params."))),
      spaces: {
        width,
        mean: features("mean"),
        std: features("std"),
        median: features("median"),
        spread: features("spread"),
        low: features("low"),
        high: features("high"),
        knots: features("knots", KNOTS),
        normals: features("normals", KNOTS),
      },
    },
  };
}

/** The scales with the weights that all tables have, where they hold none. */
function weighed(scales: v.InferOutput<typeof documentSchema>["scales"], contaminated: boolean): Scales {
  const usual = usualWeights(contaminated);
  const all = Object.entries(scales) as [keyof Scales, v.InferOutput<typeof scale>][];
  return Object.fromEntries(all.map(([name, each]) => [name, { weight: usual[name], ...each }])) as Scales;
}

function decoded(bytes: Uint8Array, damaged: Damaged) {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    return { tensors, document: JSON.parse(metadata.detector ?? "null") as unknown };
  } catch (cause) {
    throw damaged((cause as Error).message.split("\n")[0] ?? "", cause);
  }
}
