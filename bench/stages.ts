import type { Executor } from "@flowify/core";

/** Wraps an executor to time every program: milliseconds on the first worker, by name, since `reset`. */
export function watched(
  executor: Executor,
): Readonly<{ executor: Executor; spent: ReadonlyMap<string, number>; reset(): void }> {
  const spent = new Map<string, number>();
  const watching: Executor = {
    ...executor,
    async compile(f, specs, options) {
      const compiled = await executor.compile(f, specs, options);
      const name = options?.name ?? f.name;
      return {
        ...compiled,
        async run(args, where) {
          const started = performance.now();
          const result = await compiled.run(args, where);
          if (where?.worker) return result;
          spent.set(name, (spent.get(name) ?? 0) + performance.now() - started);
          return result;
        },
      };
    },
  };
  return { executor: watching, spent, reset: () => spent.clear() };
}
