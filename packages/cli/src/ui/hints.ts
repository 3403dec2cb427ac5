/** True for the flags that a command has. */
export type HasFlag = (flag: string) => boolean;

/** A flag in a text: `--data-dir`; `--no-grey` is the flag `grey`. */
const FLAG = /--([a-z][a-z-]*)/g;

/** The flags in a text, except those after the name of a command, as in `flowify train --from DIR`. */
export const flagsNamed = (text: string): string[] =>
  [...text.replace(/flowify [a-z]+[^;,]*/g, "").matchAll(FLAG)].map(([, flag = ""]) =>
    flag.replace(/^no-/, ""),
  );

/** Separators of alternatives in a hint; a path may contain a comma, but not these. */
const ALTERNATIVE = /(, or |; or )/;

/**
 * The hints of an error for this command: code shared by several commands throws errors with alternatives, and some
 * name flags that this command lacks. Drops such alternatives, and hints without any other.
 */
export function hintsFor(hints: readonly string[], has: HasFlag): string[] {
  const possible = (text: string): boolean => flagsNamed(text).every(has);
  return hints.flatMap((hint) => {
    if (possible(hint)) return [hint];
    const parts = hint.split(ALTERNATIVE);
    const kept = parts.filter((part, i) => i % 2 === 0 && possible(part));
    return kept.length > 0 ? [kept.join(", or ")] : [];
  });
}
