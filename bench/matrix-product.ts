import os from "node:os";
import type { Executor } from "@flowify/core";
import { squareProduct } from "../packages/cli/src/product-rate.js";
import { quantile } from "../packages/cli/src/statistics.js";

/** The machine of a measurement. */
export const machine = (): string =>
  `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}`;

export const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5);

/** g, the unit of every timing: the 1024³ float32 product on an executor, compiled once. */
export const matrixProduct = (executor: Executor) => squareProduct(executor, 1024);
