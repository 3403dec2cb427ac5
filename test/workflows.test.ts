import { readdirSync, readFileSync } from "node:fs";
import { validateWorkflow } from "@action-validator/core";
import { expect, test } from "vitest";

const FOLDER = ".github/workflows";
const names = readdirSync(FOLDER);

/** What the schema of workflows finds wrong. */
const errorsOf = (text: string): unknown[] => (validateWorkflow(text) as { errors: unknown[] }).errors;

test.each(names)("%s is a valid workflow", (name) => {
  expect(errorsOf(readFileSync(`${FOLDER}/${name}`, "utf8"))).toEqual([]);
});

test("a workflow with an unknown key is found", () => {
  expect(errorsOf(readFileSync(`${FOLDER}/${names[0]}`, "utf8").replace("runs-on", "runz-on"))).not.toEqual(
    [],
  );
});
