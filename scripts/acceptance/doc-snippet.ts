import { readFileSync } from "node:fs";

/** The blocks of a language in a section of a page of the docs; at least one. */
export function snippetsIn(page: string, section: string, language: string): string[] {
  const [, text = ""] = readFileSync(page, "utf8").split(`\n## ${section}\n`);
  const [own = ""] = text.split("\n## ");
  const found = [...own.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, code]) => code!,
  );
  if (found.length === 0) throw new Error(`${page}, ${section}: nothing in ${language}`);
  return found;
}
