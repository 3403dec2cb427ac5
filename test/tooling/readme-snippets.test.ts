import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Runs the snippets of a document of these lines. */
function run(...lines: string[]): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), "flowify-snippets-"));
  try {
    const document = join(folder, "page.md");
    writeFileSync(document, lines.join("\n"));
    const args = ["--import", "tsx", "scripts/readme-snippets.ts", document];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("marked snippets run and print what the text block says, long ones too where their document is named; … stands for anything", () => {
  const { status, output } = run(
    "```ts run",
    "console.log(1 + 1, Math.random());",
    "```",
    "```text",
    "2 0.…",
    "```",
    "```ts",
    "not marked, so not run",
    "```",
    "```sh run",
    "echo a shell",
    "```",
    "```sh run long",
    "echo a long one",
    "```",
    "```text",
    "a long one",
    "```",
  );
  expect(output).toBe("3 snippets, 0 problems\n");
  expect(status).toBe(0);
});

test("failures carry the line of the document", () => {
  const { status, output } = run(
    "# Page",
    "```ts run",
    'const text: string = "a";',
    "throw new Error(text);",
    "export {};",
    "```",
    "```ts run",
    "export const n: string = 1;",
    "```",
    "```sh run",
    "echo printed",
    "```",
    "",
    "```text",
    "promised",
    "```",
  );
  expect(status).toBe(1);
  expect(output).toMatch(/page\.md:2 ends with 1\nError: a\n +at .*page\.md:4/);
  expect(output).toMatch(/page\.md\(8,14\): error TS2322/);
  expect(output).toMatch(
    /page\.md:10 prints something else\n {2}expected: promised\n {2}printed: {2}printed\n/,
  );
  expect(output).toMatch(/3 snippets, 3 problems\n$/);
});

test.each(["docs/tutorials/digits.md", "docs/classes.md", "docs/tables.md", "docs/regression.md"])(
  "the long snippets of %s, as written",
  { tags: ["long"], timeout: 1_200_000 },
  (page) => {
    const args = ["--conditions=@flowify/source", "--import", "tsx", "scripts/readme-snippets.ts"];
    const { stdout } = spawnSync(process.execPath, [...args, page], { encoding: "utf8" });
    expect(stdout).toMatch(/^\d+ snippets, 0 problems\n$/);
  },
);

test("a README without a snippet to run is an error", () => {
  expect(run("# Page", "```ts", "const a = 1;", "```")).toMatchObject({ status: 1 });
});
