/**
 * The other side of `simulator-threads.ts`: a thread that calls a simulator. It is JavaScript, so that Node starts it as it
 * stands, from these sources as from a package.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { rngOf } from "@flowify/core/rng";
import { outcomeOf } from "./call-simulator.js";

/** Milliseconds after which outcomes are told: what comes after them may hang. */
const TELL_EVERY = 20;

const { at, text, module } = workerData;

// the compilers of esbuild wrap inner functions in it
globalThis.__name = (inner) => inner;

/** The function of a text, which may be that of a method. */
function functionOf(source) {
  const strict = (expression) => runInThisContext(`"use strict";(${expression})`);
  try {
    return strict(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return Object.values(strict(`{${source}}`))[0];
  }
}

/** A module; one in TypeScript by the tsx of its project, whose flag has no effect on threads. */
async function load() {
  const isTyped = /\.[cm]?tsx?$/.test(module) && !process.features.typescript;
  const tsx = isTyped && tsxOf([module, pathToFileURL("./any.js").href]);
  if (tsx) (await import(pathToFileURL(tsx.replace(/\.cjs$/, ".mjs")).href)).register();
  return import(module);
}

function tsxOf(places) {
  for (const place of places)
    try {
      return createRequire(place).resolve("tsx/esm/api");
    } catch {
      // not installed there
    }
  return undefined;
}

const simulate = module === undefined ? functionOf(text) : (await load()).default;

parentPort.on("message", (calls) => {
  const began = performance.now();
  let told = began;
  let outcomes = [];
  for (const { id, theta, state } of calls) {
    Atomics.store(at, 0, id + 1);
    outcomes.push([id, outcomeOf(simulate, theta, rngOf(state))]);
    if (performance.now() - told < TELL_EVERY) continue;
    parentPort.postMessage({ outcomes });
    outcomes = [];
    told = performance.now();
  }
  Atomics.store(at, 0, 0);
  parentPort.postMessage({ outcomes, pace: (performance.now() - began) / calls.length });
});
parentPort.postMessage({ outcomes: [] }); // ready
