import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

// core and onnx are libraries: they return and throw, and never print. Any console call of theirs
// fails the present test, even if the error thrown here is caught.

const silent = /[\\/]packages[\\/](core|onnx)[\\/]src[\\/]/;
const here = fileURLToPath(import.meta.url);
const calls: string[] = [];

/** The line of the stack that called console: the first with a file other than this one. */
function caller(): string {
  const frames = new Error("stack").stack?.split("\n").slice(1) ?? [];
  return frames.find((frame) => /[\\/].*:\d+:\d+/.test(frame) && !frame.includes(here))?.trim() ?? "";
}

const methods = console as unknown as Record<string, unknown>;
for (const [name, method] of Object.entries(console)) {
  if (typeof method !== "function") continue;
  methods[name] = (...args: unknown[]): unknown => {
    const frame = caller();
    if (silent.test(frame)) {
      const message = `console.${name} called ${frame}: core and onnx print nothing`;
      calls.push(message);
      throw new Error(message);
    }
    return Reflect.apply(method, console, args);
  };
}

afterEach(() => {
  const found = calls.splice(0);
  if (found.length > 0) throw new Error(found.join("\n"));
});
