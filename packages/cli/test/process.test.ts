import { describe, expect, it } from "vitest";
import { spawnCommand } from "./run-command.js";

/** The status of a process and what it said. */
const ended = (child: ReturnType<typeof spawnCommand>): Promise<{ status: number | null; stderr: string }> =>
  new Promise((resolve) => {
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (status) => resolve({ status, stderr }));
  });

describe("the command as a process", () => {
  it("ends with the status and says why on standard error", async () => {
    expect(await ended(spawnCommand(["evalute"]))).toEqual({
      status: 2,
      stderr:
        'error[USAGE]: unknown command "evalute"; did you mean "evaluate"?\n  hint: flowify --help lists the commands\n',
    });
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const child = spawnCommand(["train", "--help"]);
    child.stdout.destroy();
    expect(await ended(child)).toEqual({ status: 0, stderr: "" });
  });
});
