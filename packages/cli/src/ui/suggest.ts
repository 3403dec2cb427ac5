import { didYouMean } from "@flowify/core/internal";

/**
 * `unknown network "fmpl"; did you mean "fmlp"? Known: mnist/fmlp`
 *
 * @param accepted all valid names, including short ones; `known` are the listed names
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  accepted: readonly string[] = known,
): string {
  return `unknown ${kind} "${name}"${didYouMean(name, accepted) || "."} Known: ${known.join(", ")}`;
}
