import { UsageError } from "@flowify/core";

type DuckDb = typeof import("@duckdb/node-api");

/** Memory of the database, which holds some blocks of rows. */
const MEMORY = "512MB";

/** @throws UsageError where the optional package is not installed */
export async function loadDuckDb(): Promise<DuckDb> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw new UsageError(
      "--where needs DuckDB, an optional package of flowify\nrun npm install @duckdb/node-api, or leave --where out",
      { cause },
    );
  }
}

/**
 * A database in memory that has no access to files, to the network and to extensions, and whose settings cannot be changed. Rows
 * come from flowify's own readers.
 */
export async function openDatabase({ DuckDBInstance }: DuckDb) {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1", // so that random() gives the same numbers again
    max_memory: MEMORY,
    enable_external_access: "false",
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
    lock_configuration: "true",
  });
  const connection = await instance.connect();
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
