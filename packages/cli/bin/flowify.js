#!/usr/bin/env node
// In the repository the command runs from its TypeScript sources, with no build and in this very process, so that
// a signal reaches the run itself; in an installed package from dist.
import { existsSync } from "node:fs";

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
