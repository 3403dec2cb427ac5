/** True for the flags that a command has. */
export type HasFlag = (flag: string) => boolean;

/** A flag as it stands in a text: `--data-dir`; `--no-grey` is the flag `grey`. */
const FLAG = /--([a-z][a-z-]*)/g;

/** The flags that a text asks for. Those behind the name of a command, `flowify train --from DIR`, are of that one. */
export const flagsNamed = (text: string): string[] =>
  [...text.replace(/flowify [a-z]+[^;,]*/g, "").matchAll(FLAG)].map(([, flag = ""]) =>
    flag.replace(/^no-/, ""),
  );

/** How alternatives of a hint are told apart; a path may hold a comma, but not these. */
const ALTERNATIVE = /(, or |; or )/;

/**
 * What to do about an error, as far as this command can: an error is thrown where several commands come by, and one of
 * its alternatives may name a flag that this one has not. Such alternatives are left out, and hints without any other.
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
