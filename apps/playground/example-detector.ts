/**
 * Writes `public/parcels.safetensors`: the detector of the example of the page, by the settings of the page,
 * and the scores of all its rows. To run where either changes:
 *
 *     npm run playground:example
 */
import { readFileSync, writeFileSync } from "node:fs";
import { decodeSafetensors, encodeSafetensors, HostArray } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import { encodeDetector } from "flowify/tables";
import { encodedTable, findSchema, fitTableDetector, openDetector } from "flowify/tables/browser";
import * as v from "valibot";
import { EXAMPLE, tableConfig } from "./src/tabs/table/config.js";
import { readTableFile } from "./src/tabs/table/read-table.js";

const inPublic = (file: string): URL => new URL(`public/${file}`, import.meta.url);
const { name, table } = await readTableFile(new File([readFileSync(inPublic(EXAMPLE.file))], EXAMPLE.file));
const schema = await findSchema(name, table, { id: EXAMPLE.id });
const columns = schema.columns.filter(({ use }) => use === "model");
const { rows } = await encodedTable(name, table, { schema, warn() {} }).all();
const executor = await nativeExecutor();
const { contaminated, seed, steps } = v.parse(tableConfig, {});
const fitted = await fitTableDetector(executor, rows, columns, { contaminated, seed, steps });
const open = await openDetector(executor, fitted.detector);
const { combination } = await open.score(rows, ["combination"]);
await open.dispose();
await executor.dispose();
const { tensors, metadata } = decodeSafetensors(encodeDetector(fitted));
const scores = new HostArray(combination, [combination.length], np.float64);
const bytes = encodeSafetensors({ ...tensors, scores }, { ...metadata, steps: String(steps) });
writeFileSync(inPublic(EXAMPLE.detector), bytes);
console.log(`${EXAMPLE.detector}: ${bytes.length} bytes`);
