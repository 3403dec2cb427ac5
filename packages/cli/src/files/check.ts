import { DataError } from "@flowify/core";
import { didYouMean, kinds } from "@flowify/core/internal";
import * as v from "valibot";
import { entryOf } from "../places.js";

/** What to do with a damaged document of a run. */
export const RESTORE = "restore the file that flowify wrote, or train again";

/**
 * The content of a JSON document.
 *
 * @param refuse makes the error of a document that does not fit the schema, from its problems, each with its position:
 * `layers[2].out: expected …`
 */
export function checked<T>(
  schema: v.GenericSchema<unknown, T>,
  json: unknown,
  refuse: (problems: string) => Error,
): T {
  const { success, output, issues } = v.safeParse(schema, json, {
    abortPipeEarly: true,
    message: ({ expected, received, message }) =>
      expected ? `expected ${expected}, found ${received}` : message,
  });
  if (success) return output;
  throw refuse(issues.map(describe).join("; "));
}

const placeOf = (path: readonly { key: unknown }[]): string =>
  path.reduce<string>(
    (text, { key }) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  ) || "it";

type Path = readonly v.IssuePathItem[];

/** For a union of several forms: the problem inside the form that the value matches on the outside. */
function innermost(issue: v.BaseIssue<unknown>, outer: Path = []): [issue: v.BaseIssue<unknown>, path: Path] {
  const path = [...outer, ...(issue.path ?? [])];
  const inside = (issue.issues ?? []).map((each) => innermost(each, path));
  return (
    inside.find(([{ type }, own]) => own.length > path.length && type !== "strict_tuple") ?? [issue, path]
  );
}

/** `layers[2].kind: unknown kind "liner"; did you mean "linear"?` */
function describe(found: v.BaseIssue<unknown>): string {
  const [{ type, expected, input, message }, path] = innermost(found);
  const [place, last] = [placeOf(path), path.at(-1)];
  if (last && !Object.hasOwn(last.input as object, last.key as PropertyKey)) return `${place}: is missing`;
  if (type === "variant" && typeof input === "string")
    return `${place}: unknown kind "${input}"${didYouMean(input, Object.keys(kinds))}`;
  if (last && type === "strict_object" && expected === "never") {
    const { kind = "" } = last.input as { kind?: string };
    const names = Object.hasOwn(kinds, kind) ? Object.keys(entryOf(kinds, kind).options) : [];
    const known = names.length > 0 ? `; it has ${names.join(", ")}` : "";
    return `${placeOf(path.slice(0, -1))}: unknown key "${String(input)}"${didYouMean(String(input), names) || known}`;
  }
  return `${place}: ${message}`;
}

/** Deepest nesting of a document: more than any network needs, less than exhausts the stack. */
const DEEPEST = 300;

/** @throws DataError for a document so deeply nested that recursion would exhaust the stack */
export function expectShallow(path: string, json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new DataError(
        `${path}: nested more than ${DEEPEST} deep\nput layers one after another instead of nesting them`,
      );
    level = level.flatMap((value): unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}
