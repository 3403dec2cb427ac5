import { expect } from "vitest";
import { runCommand } from "./run-command.js";

/** A command line that ends with this status, says all of these on standard error and nothing on standard output. */
export async function expectRefusal(
  args: readonly string[],
  status: 1 | 2,
  ...messages: string[]
): Promise<void> {
  const result = await runCommand(args);
  for (const message of messages) expect(result.stderr).toContain(message);
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status, stdout: "" });
}
