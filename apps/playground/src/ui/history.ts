import { computed, type ReadonlySignal, signal } from "@preact/signals";

/** A sequence of values with undo and redo. */
export type History<T> = Readonly<{
  canUndo: ReadonlySignal<boolean>;
  canRedo: ReadonlySignal<boolean>;
  /** Adds a value after the present one and drops undone values. */
  push(value: T): void;
  undo(): T;
  redo(): T;
}>;

export function makeHistory<T>(first: T): History<T> {
  const state = signal({ values: [first] as readonly T[], at: 0 });
  const go = (step: number): T => {
    const { values, at } = state.value;
    const next = Math.min(Math.max(at + step, 0), values.length - 1);
    state.value = { values, at: next };
    return values[next]!;
  };
  return {
    canUndo: computed(() => state.value.at > 0),
    canRedo: computed(() => state.value.at < state.value.values.length - 1),
    push(value) {
      const { values, at } = state.value;
      state.value = { values: [...values.slice(0, at + 1), value], at: at + 1 };
    },
    undo: () => go(-1),
    redo: () => go(1),
  };
}
