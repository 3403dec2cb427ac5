#!/usr/bin/env node
// In the repository the command runs from its TypeScript sources, with no build and in this very process, so that
// a signal reaches the run itself; in an installed package from dist.
import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

// The functions of a short run are called some thousand times each, and to optimize them takes longer than they do: a third
// of all processor time. What runs for long is optimized all the same, after 15 times as many calls.
setFlagsFromString("--interrupt-budget=1000000");

const sources = new URL("../src/main.ts", import.meta.url);

if (existsSync(sources)) {
  const { register: addHooks } = await import("node:module");
  const { register: addTypeScript } = await import("tsx/esm/api");
  addTypeScript();
  const resolveSources = `export const resolve = (name, context, next) =>
    next(name, { ...context, conditions: ["@flowify/source", ...context.conditions] });`;
  addHooks(`data:text/javascript,${encodeURIComponent(resolveSources)}`);
  await import(sources.href);
} else {
  await import("../dist/main.js");
}
