import { DataError, ShapeError, UnsupportedOpError } from "@flowify/core";
import type { Emitted, Emitter } from "./emitter.js";
import type { KerasLayer, KerasWeights, Weight } from "./topology.js";

/** A layer to convert: its configuration, weights and inputs. */
export class KerasCall {
  constructor(
    readonly layer: KerasLayer,
    /** That of Keras: 3 has some different defaults. */
    readonly version: string,
    readonly inputs: readonly Emitted[],
    readonly emitter: Emitter,
    readonly weights: KerasWeights,
  ) {}

  /** The input of a layer with one input. */
  get x(): Emitted {
    const [x, ...more] = this.inputs;
    if (x && more.length === 0) return x;
    throw this.wrong(`takes ${this.inputs.length} inputs, expected one`);
  }

  node(op: string, inputs: readonly (Emitted | string)[], attributes = {}, rank?: number): Emitted {
    return this.emitter.node(this.layer.name, op, inputs, attributes, rank);
  }

  constant(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    return this.emitter.constant(`${this.layer.name}/${name}`, shape, data);
  }

  /** Runs `act` with the channels first, as in ONNX, and moves them back. */
  withChannelsFirst(act: (x: Emitted) => Emitted): Emitted {
    const { emitter, layer } = this;
    if (!this.channelsAreLast) return act(this.x);
    return emitter.channelsLast(layer.name, act(emitter.channelsFirst(layer.name, this.x)));
  }

  get channelsAreLast(): boolean {
    return this.x.rank > 2 && this.config("data_format") !== "channels_first";
  }

  /** A value of the configuration; undefined if null or missing. */
  config(name: string): unknown {
    return this.layer.config[name] ?? undefined;
  }

  number(name: string, otherwise: number): number {
    const value = this.config(name) ?? otherwise;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.wrong(`${name} is not a number`);
  }

  /** Whole numbers, a list of them or one for all `count`. */
  wholes(name: string, count: number, otherwise: readonly number[] = []): readonly number[] {
    const value = this.config(name) ?? otherwise;
    const list = Array.isArray(value) ? (value as unknown[]) : Array.from({ length: count }, () => value);
    if (list.length === count && list.every(Number.isSafeInteger)) return list as number[];
    throw this.wrong(`${name} is not a list of ${count} whole numbers`);
  }

  /** An optional size of the configuration. */
  size(name: string): number | undefined {
    const value = this.config(name);
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) > 0))
      return value as number | undefined;
    throw this.wrong(`${name} is not a positive whole number`);
  }

  /** An optional size along each of `count` axes. */
  sizes(name: string, count: number): readonly (number | undefined)[] {
    return this.config(name) === undefined ? new Array(count).fill(undefined) : this.wholes(name, count);
  }

  /**
   * A weight of the layer.
   *
   * @param wanted its shape according to the configuration; undefined where any size is allowed
   * @param names its names in the versions of Keras
   */
  weight(wanted: readonly (number | undefined)[], ...names: readonly string[]): Weight {
    const found = names.map((name) => this.weights(this.layer, name)).find((each) => each);
    if (!found) throw this.wrong(`its weight ${names[0]} is missing`);
    const fits =
      wanted.length === found.shape.length &&
      wanted.every((n, i) => (n ?? found.shape[i]) === found.shape[i]);
    if (fits) return found;
    throw new ShapeError(
      `${this.label}: its weight ${names[0]} is [${found.shape.join(", ")}] in the file, the layer expects [${wanted.map((n) => n ?? "any").join(", ")}]\nsave the model again`,
    );
  }

  wrong(what: string): DataError {
    return new DataError(`${this.label}: ${what}\nsave the model again`);
  }

  unsupported(what: string): UnsupportedOpError {
    const { className, name } = this.layer;
    return new UnsupportedOpError(className, name, `${this.label}: ${what}`);
  }

  get label(): string {
    return `${this.layer.className} ${JSON.stringify(this.layer.name)}`;
  }
}

/** What a layer becomes. */
export type KerasRule = (call: KerasCall) => Emitted;
