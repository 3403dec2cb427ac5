/** A reference file: numbers of one layer, or of one flow, computed elsewhere in float64. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** Numbers of a file. A class, so that a tree of tensors tells its leaves from its branches. */
export class Tensor {
  constructor(
    readonly shape: readonly number[],
    readonly data: readonly number[],
  ) {}
}

export type Tensors = { readonly [name: string]: Tensor };

/** What a layer is: its `type` and its sizes. */
export type LayerSpec = { readonly type: string; readonly [field: string]: unknown };

export type ParityCase = Readonly<{
  name: string;
  layer: LayerSpec;
  params: Tensors;
  matrices: Tensors;
  x: Tensor;
  forward: Readonly<{ noise: Tensors; results: Tensors; parts: Tensors }>;
  forwardMean: Tensors;
  inverse: readonly Readonly<{ mode: string; noise: Tensors; z: Tensor; x: Tensor }>[];
}>;

/** Why a case cannot be checked: the message goes into its line. */
export class CaseError extends Error {}

type Json = { readonly [field: string]: unknown };

function asRecord(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CaseError(`${what} is not an object`);
  return value as Json;
}

function asTensor(value: unknown, what: string): Tensor {
  const { shape, data } = asRecord(value, what);
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && (size as number) >= 0))
    throw new CaseError(`${what} has no shape`);
  if (!Array.isArray(data) || !data.every((entry) => typeof entry === "number"))
    throw new CaseError(`${what} has no numbers`);
  const size = (shape as number[]).reduce((a, b) => a * b, 1);
  if (data.length !== size)
    throw new CaseError(`${what} is [${shape.join(", ")}], so ${size} numbers, but has ${data.length}`);
  return new Tensor(shape as number[], data);
}

const asTensors = (value: unknown, what: string): Tensors =>
  Object.fromEntries(
    Object.entries(asRecord(value ?? {}, what)).map(([name, child]) => [
      name,
      asTensor(child, `${what}.${name}`),
    ]),
  );

/** A layer's description with its type, from a case or from one of a flow's layers. */
export function asLayerSpec(value: unknown, what: string): LayerSpec {
  const spec = asRecord(value, what);
  if (typeof spec.type !== "string") throw new CaseError(`${what} has no type`);
  return spec as LayerSpec;
}

/** The tensors among fields that hold other things as well. */
const tensorFields = (record: Json, names: readonly string[], what: string): Tensors =>
  Object.fromEntries(
    names
      .filter((name) => record[name] !== undefined)
      .map((name) => [name, asTensor(record[name], `${what}.${name}`)]),
  );

/** Checks the form of a parsed file. Throws `CaseError` that names the field. */
export function parseCase(json: unknown, name: string): ParityCase {
  const file = asRecord(json, "the file");
  const forward = asRecord(file.forward, "forward");
  const inverse = file.inverse ?? [];
  if (!Array.isArray(inverse)) throw new CaseError("inverse is not a list");
  const results = tensorFields(forward, ["z", "logL", "logProb"], "forward");
  if (!results.z || !(results.logL || results.logProb))
    throw new CaseError("forward has no z, or neither logL nor logProb");
  return {
    name: typeof file.case === "string" ? file.case : name,
    layer: asLayerSpec(file.layer, "layer"),
    params: asTensors(file.params, "params"),
    matrices: asTensors(file.matrices, "matrices"),
    x: asTensor(file.x, "x"),
    forward: {
      noise: asTensors(forward.noise, "forward.noise"),
      results,
      parts: asTensors(forward.parts, "forward.parts"),
    },
    forwardMean: tensorFields(asRecord(file.forwardMean ?? {}, "forwardMean"), ["z"], "forwardMean"),
    inverse: inverse.map((entry: unknown, i) => {
      const what = `inverse[${i}]`;
      const record = asRecord(entry, what);
      return {
        mode: String(record.mode),
        noise: asTensors(record.noise, `${what}.noise`),
        z: asTensor(record.z, `${what}.z`),
        x: asTensor(record.x, `${what}.x`),
      };
    }),
  };
}

/** Reads a file. Throws `CaseError` where it is missing, no JSON or not of the form. */
export function readCase(path: string): ParityCase {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CaseError(`cannot be read: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CaseError(`no JSON: ${(error as Error).message}`);
  }
  return parseCase(json, basename(path, ".json"));
}
