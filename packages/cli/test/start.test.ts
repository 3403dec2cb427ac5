import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { recipeNames } from "../src/recipes.js";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: { readonly start: string };
};

it("npm start trains a recipe that exists, into the folder that the README names", () => {
  const [, recipe = "", folder = ""] =
    scripts.start.match(/^flowify train --recipe (\S+) --steps \d+ --test \d+ --out (\S+) --force$/) ?? [];
  expect(recipeNames).toContain(recipe);
  const readme = readFileSync("README.md", "utf8");
  for (const said of [`trains \`${recipe}\``, `\`${folder}/samples.png\``]) expect(readme).toContain(said);
});
