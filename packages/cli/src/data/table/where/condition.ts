import { UsageError } from "@flowify/core";
import { valueAt } from "../../../places.js";
import { literal, type Session } from "../duckdb.js";

/** The rows that a condition is asked about. */
export const ROWS = '"rows"';

/** A part of a parsed statement, as DuckDB writes it as JSON. */
type Parsed = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Parsed => typeof value === "object" && value !== null;

const MORE = "more than a condition";

/** All parts of a part, itself first. */
function* partsOf(part: unknown): Generator<Parsed> {
  if (!isRecord(part)) return;
  yield part;
  for (const inner of Object.values(part)) yield* partsOf(inner);
}

export const refused = (where: string, what: string, cause?: unknown): UsageError =>
  new UsageError(
    `--where ${where}: ${what}\nwrite a condition on the columns of a row, such as --where "size > 3 AND shop = 'web'"`,
    { cause },
  );

/** The statement that a condition is part of. The line break ends a comment of the condition. */
export const statementOf = (where: string, rows = ROWS): string =>
  `SELECT 1 FROM ${rows} WHERE (\n${where}\n)`;

/**
 * Checks that a text is one condition on a row and nothing else: no second statement, no query in it, no order or limit behind it.
 *
 * @returns whether it may be about a column of this name
 * @throws UsageError
 */
export async function columnsOfCondition(
  { rows }: Session,
  where: string,
): Promise<(name: string) => boolean> {
  const parse = `SELECT json_serialize_sql(${literal(statementOf(where))}::VARCHAR)`;
  const found = await rows(parse).catch((cause: unknown) => {
    throw refused(where, (cause as Error).message.split("\n", 1).join(), cause);
  });
  const parsed = JSON.parse(String(valueAt(found.columns, 0)[0])) as Readonly<{
    error: boolean;
    error_message?: string;
    statements?: readonly Readonly<{ node: Parsed }>[];
  }>;
  const { error_message: problem = "not SQL" } = parsed;
  if (parsed.error) throw refused(where, problem.includes("Only SELECT") ? MORE : problem);
  const [statement, ...others] = parsed.statements ?? [];
  const {
    type,
    modifiers,
    group_expressions: groups,
    having,
    qualify,
    sample,
    from_table,
    where_clause,
  } = statement?.node ?? {};
  const isPlain =
    others.length === 0 &&
    type === "SELECT_NODE" &&
    isRecord(from_table) &&
    from_table.type === "BASE_TABLE" &&
    from_table.sample === null &&
    [modifiers, groups].every((list) => Array.isArray(list) && list.length === 0) &&
    [having, qualify, sample].every((part) => part === null);
  if (!isPlain) throw refused(where, MORE);
  const names = new Set<string>();
  let isOfAll = false;
  for (const part of partsOf(where_clause)) {
    isOfAll ||= part.class === "STAR";
    if (part.class === "SUBQUERY") throw refused(where, "a query in it, and it sees one row at a time");
    if (part.class !== "COLUMN_REF" || !Array.isArray(part.column_names)) continue;
    for (const name of part.column_names) names.add(String(name).toLowerCase());
  }
  return (name) => isOfAll || names.has(name.toLowerCase());
}
