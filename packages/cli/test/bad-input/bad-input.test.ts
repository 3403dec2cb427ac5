import { afterAll, describe, expect, it, vi } from "vitest";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";
import { archives } from "./archives.js";
import type { BadCall } from "./bad-input.js";
import { calls } from "./calls.js";
import { checkpoints } from "./checkpoints.js";
import { commandLine } from "./command-line.js";
import { conditions, posteriors, warnings } from "./conditions.js";
import { configuration } from "./configuration.js";
import { dataFiles } from "./data-files.js";
import { guards } from "./guards.js";
import { models } from "./models.js";
import { placesIn } from "./place.js";
import { predictions } from "./predictions.js";
import { steps } from "./steps.js";
import { tables } from "./tables.js";

const commands = {
  "the command line": commandLine,
  "networks and runs": configuration,
  "pretrained networks": models,
  "networks to convert": steps,
  "networks to guard": guards,
  "files and folders of images": dataFiles,
  archives,
  tables,
  predictions,
  checkpoints,
};
const ofLibrary = [...calls, ...conditions, ...posteriors];
const newPlace = placesIn(temporaryFolder());

describe.each(Object.entries(commands))("%s", (_, cases) => {
  it.each(cases.map((bad) => [bad.input, bad] as const))(
    "%s",
    async (_, { args, status, code, says }) => {
      const result = await runCommand(await args(newPlace()));
      for (const words of [`error[${code}]: `, ...says]) expect(result.stderr).toContain(words);
      expect({ status: result.status, stdout: result.stdout }).toEqual({ status, stdout: "" });
    },
    60_000,
  );
});

describe("calls of the library", () => {
  it.each(ofLibrary.map((bad) => [bad.input, bad] as const))("%s", async (_, { call, code, says }) => {
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => undefined,
        (thrown: unknown) => thrown as { code: string; message: string },
      );
    expect(error).toMatchObject({ code });
    for (const words of says) expect(error?.message).toContain(words);
  });
});

describe("warnings of the library", () => {
  const emitted = vi.spyOn(process, "emitWarning");
  afterAll(() => emitted.mockRestore());

  it.each(warnings.map((bad) => [bad.input, bad] as const))("%s", async (_, { call, code, says }) => {
    emitted.mockReset().mockReturnValue(undefined);
    await call();
    expect(emitted).toHaveBeenCalledExactlyOnceWith(expect.any(String), { code });
    for (const words of says) expect(emitted.mock.lastCall?.[0]).toContain(words);
  });
});

it("leaves nothing in the prototype of objects", () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** Names like those of two cases would hide one of them in the table. */
it("has more than 60 cases, each of its own", () => {
  const all = [...Object.values(commands).flat(), ...ofLibrary, ...warnings].map(({ input }) => input);
  expect(all.length).toBeGreaterThan(60);
  expect(new Set(all).size).toBe(all.length);
});

it("is the table of docs/bad-input.md (npx vitest run bad-input -u writes it again)", async () => {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const plain = (text: string): string => cell(text).replaceAll("_", "\\_").replaceAll("*", "\\*");
  const said = ({ says }: Pick<BadCall, "says">): string => says.map(plain).join(" … ");
  const library = (title: string, cases: readonly (Omit<BadCall, "code"> & { code: string })[]) => [
    `## ${title}`,
    "",
    "| input | code | message |",
    "| --- | --- | --- |",
    ...cases.map((bad) => `| ${cell(bad.input)} | ${plain(bad.code)} | ${said(bad)} |`),
    "",
  ];
  const total = Object.values(commands).flat().length + ofLibrary.length + warnings.length;
  const page = [
    "# Bad input",
    "",
    `The tests try ${total} cases (\`packages/cli/test/bad-input\`) and write this page. Each row has the exit status, the code of the`,
    "error, and parts of its message: the problem, and the remedy or the expected input.",
    ...Object.entries(commands).flatMap(([title, cases]) => [
      "",
      `## ${title.slice(0, 1).toUpperCase()}${title.slice(1)}`,
      "",
      "| input | status | code | message |",
      "| --- | ---: | --- | --- |",
      ...cases.map((bad) => `| ${cell(bad.input)} | ${bad.status} | ${plain(bad.code)} | ${said(bad)} |`),
    ]),
    "",
    ...library("Calls of the library", calls),
    ...library("Conditions of flows", conditions),
    ...library("Posteriors of simulators", posteriors),
    ...library("Warnings of the library", warnings),
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../../../../docs/bad-input.md");
});
