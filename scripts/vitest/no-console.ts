import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

// core and onnx are libraries: they return and throw, and never print. Any console call of theirs
// fails the present test, even if the error thrown here is caught.

const silent = /[\\/]packages[\\/](core|onnx)[\\/]src[\\/]/;
const here = fileURLToPath(import.meta.url);

/** The line of the stack that called console: the first with a file other than this one. */
function caller(): string {
  const frames = new Error("stack").stack?.split("\n").slice(1) ?? [];
  return frames.find((frame) => /[\\/].*:\d+:\d+/.test(frame) && !frame.includes(here))?.trim() ?? "";
}

/** Watches `console`; returns the calls that it finds from then on. */
function watchConsole(): string[] {
  const calls: string[] = [];
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
  return calls;
}

// test files that share a process run this file once each, and share its console
const shared = globalThis as { consoleCalls?: string[] };
shared.consoleCalls ??= watchConsole();
const { consoleCalls } = shared;

afterEach(() => {
  const found = consoleCalls.splice(0);
  if (found.length > 0) throw new Error(found.join("\n"));
});
