import { posix } from "node:path";

/** Pages as HTML by their paths, and every other file of the site. */
export type Built = Readonly<{ pages: ReadonlyMap<string, string>; files: ReadonlySet<string> }>;

/** The values of an attribute in a page. */
const valuesOf = (attribute: string, html: string): string[] =>
  [...html.matchAll(new RegExp(`<[^>]*\\s${attribute}="([^"]*)"`, "g"))].map(([, value = ""]) =>
    value.replaceAll("&amp;", "&"),
  );

/** The file that an address names: a folder stands for its index, a name without an ending for a page. */
const fileOf = (path: string, { pages, files }: Built): string | undefined =>
  [path, `${path}.html`, posix.join(path, "index.html")].find((name) => pages.has(name) || files.has(name));

/** Why a link of a page leads nowhere; undefined if it leads somewhere, or to another host. */
function wrong(page: string, link: string, base: string, site: Built): string | undefined {
  if (/^([a-z]+:|\/\/)/.test(link)) return undefined;
  const [address = "", anchor = ""] = link.split("#", 2);
  const [path = ""] = address.split("?", 1);
  if (path.startsWith("/") && !path.startsWith(base))
    return `${page}: ${link} leaves the site, whose base is ${base}`;
  const target = path.startsWith("/")
    ? path.slice(base.length)
    : path === ""
      ? page
      : posix.join(posix.dirname(page), path);
  const file = fileOf(target.replace(/\/$/, "") || "index", site);
  if (file === undefined) return `${page}: ${link} is no file of the site`;
  const html = site.pages.get(file);
  // the playground parses the rest of its address itself
  if (anchor === "" || html === undefined || file.startsWith("playground/")) return undefined;
  return valuesOf("id", html).includes(decodeURIComponent(anchor))
    ? undefined
    : `${page}: ${link} is no heading`;
}

/** Every link, picture and script of the pages that leads nowhere; and how many were followed. */
export function brokenLinks(site: Built, base = "/"): { followed: number; broken: string[] } {
  const links = [...site.pages].flatMap(([page, html]) =>
    ["href", "src"].flatMap((attribute) => valuesOf(attribute, html).map((link) => ({ page, link }))),
  );
  return {
    followed: links.length,
    broken: links.flatMap(({ page, link }) => wrong(page, link, base, site) ?? []),
  };
}
