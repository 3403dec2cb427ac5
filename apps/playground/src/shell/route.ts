import { signal } from "@preact/signals";
import * as z from "zod/mini";

/**
 * The address: `#/plane?config=…`. The hash names the part, and `config` holds its configuration as JSON,
 * so that a link shows what one sees. What comes from there is text of anyone: a part checks it with a
 * schema and never uses it as HTML.
 */
type Route = Readonly<{ part: string; config: unknown; problem?: string }>;

/** Longest configuration that is read, in characters. */
const LONGEST = 100_000;

function read(hash: string): Route {
  const [part = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const text = new URLSearchParams(query).get("config");
  if (text === null) return { part, config: undefined };
  if (text.length > LONGEST)
    return { part, config: undefined, problem: `the address holds more than ${LONGEST} characters` };
  try {
    return { part, config: JSON.parse(text) as unknown };
  } catch {
    return { part, config: undefined, problem: "the configuration in the address is no JSON" };
  }
}

export const route = signal<Route>(read(location.hash));

/** The part that is shown: that of the address, or the first where it names none; the page writes it. */
export const shownPart = signal<string | undefined>(undefined);

addEventListener("hashchange", () => {
  route.value = read(location.hash);
});

/** A part's configuration from the address, checked by its schema; the default, and why, where it is not one. */
export function configFor<C>(part: string, schema: z.ZodMiniType<C>): { value: C; problem?: string } {
  const { part: current, config = {} } = route.peek();
  const found = schema.safeParse(current === part ? config : {});
  if (found.success) return { value: found.data };
  const problem = `The address was not understood, this is the default:\n${z.prettifyError(found.error)}`;
  return { value: schema.parse({}), problem };
}

/** Writes a part's configuration into the address, without a new entry in the history. */
export function writeConfig(part: string, config: object): void {
  const text = encodeURIComponent(JSON.stringify(config));
  if (text.length <= LONGEST) history.replaceState(null, "", `#/${part}?config=${text}`);
}
