import { signal } from "@preact/signals";
import * as v from "valibot";

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

/** The configuration that each part holds, as JSON; empty where it is the default of a bare address. */
const held = new Map<string, string>();

/** Marks entries of the history that this visit has written: to go back to one shows its part as it is by now. */
const visit = Date.now();

/** Whether an address that has come asks for another configuration than its part, which is there, holds. */
function asksForAnother({ part, config, problem }: Route): boolean {
  if (!held.has(part) || history.state === visit) return false;
  return problem !== undefined || (config !== undefined && JSON.stringify(config) !== held.get(part));
}

// a part reads its configuration once, when it is loaded
addEventListener("hashchange", () => {
  const next = read(location.hash);
  if (asksForAnother(next)) location.reload();
  else route.value = next;
});

/** A part's configuration from the address, checked by its schema; the default, and why, where it is not one. */
export function configFor<C>(
  part: string,
  schema: v.GenericSchema<unknown, C>,
): { value: C; problem?: string } {
  const { part: current, config } = route.peek();
  const given = current === part && config !== undefined;
  const found = v.safeParse(schema, given ? config : {});
  held.set(part, given && found.success ? JSON.stringify(config) : "");
  if (found.success) return { value: found.output };
  const problem = `The address was not understood, this is the default:\n${v.summarize(found.issues)}`;
  return { value: v.parse(schema, {}), problem };
}

/** Writes a part's configuration into the address, without a new entry in the history. */
export function writeConfig(part: string, config: object): void {
  held.set(part, JSON.stringify(config));
  if (part === shownPart.peek()) writeAddress(part);
}

/** Makes the address describe a part that is shown; where that holds its default, the bare address does. */
export function writeAddress(part: string): void {
  const text = encodeURIComponent(held.get(part) ?? "");
  if (text && text.length <= LONGEST) history.replaceState(visit, "", `#/${part}?config=${text}`);
}
