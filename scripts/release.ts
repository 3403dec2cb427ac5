/**
 * Whether the packages can be published: one version, a changelog, manifests with provenance, and tarballs that work in an
 * empty folder (`check-pack`, which prints their sizes). Publishes nothing.
 *
 *     npm run release -- --check
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { published } from "./imports/rules.js";

type Needs = Partial<
  Record<"dependencies" | "optionalDependencies" | "peerDependencies", Record<string, string>>
>;
type Manifest = Needs & {
  name: string;
  version: string;
  publishConfig?: { access?: string; provenance?: boolean };
};

const manifests = published.map(
  (folder) => JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Manifest,
);
const version = manifests[0]?.version ?? "";
const problems = manifests.flatMap((each) => {
  const needed = { ...each.dependencies, ...each.optionalDependencies, ...each.peerDependencies };
  const found = manifests
    .filter(({ name }) => (needed[name] ?? version) !== version)
    .map(({ name }) => `needs another ${name}`);
  if (each.version !== version) found.push(`version ${each.version}`);
  if (!each.publishConfig?.provenance || each.publishConfig.access !== "public")
    found.push("no public access with provenance");
  return found.map((text) => `${each.name}: ${text}, expected ${version} and publishConfig`);
});
const newest = /^## (.*)\n\n- /m.exec(readFileSync("CHANGELOG.md", "utf8"))?.[1] ?? "";
if (newest !== "Unreleased" && !newest.startsWith(version))
  problems.push(`CHANGELOG.md begins with "${newest}": expected changes of ${version}, or unreleased ones`);
if (!process.argv.includes("--check")) problems.push("expected --check: a person publishes");
for (const problem of problems) console.log(problem);
if (problems.length === 0) execFileSync("npm", ["run", "--silent", "check-pack"], { stdio: "inherit" });
process.exitCode = problems.length > 0 ? 1 : 0;
