import { type Signal, signal } from "@preact/signals";
import * as v from "valibot";

/**
 * The address: `#/plane?config=…`. The hash names the tab, and `config` holds its configuration as JSON, so a link
 * reproduces the view. The address is untrusted text: a tab checks it with a schema and never uses it as HTML.
 */
type Route = Readonly<{ part: string; config: unknown; problem?: string }>;

/** Longest configuration that the page reads, in characters. */
const LONGEST = 100_000;

function read(hash: string): Route {
  const [part = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const text = new URLSearchParams(query).get("config");
  if (text === null) return { part, config: undefined };
  if (text.length > LONGEST)
    return { part, config: undefined, problem: `the address has more than ${LONGEST} characters` };
  try {
    return { part, config: JSON.parse(text) as unknown };
  } catch {
    return { part, config: undefined, problem: "the configuration in the address is not JSON" };
  }
}

export const route = signal<Route>(read(location.hash));

/** The shown tab: the one in the address, or the first if the address names none. The page writes this signal. */
export const shownPart = signal<string | undefined>(undefined);

/** Why a tab shows its default in place of what the address asks for. */
export const refusals = signal<Readonly<Record<string, string>>>({});

/** The configuration of each tab as JSON; empty for the default of a bare address. */
const held = new Map<string, string>();

/**
 * Marks history entries that this visit has written: going back to one shows its tab with the present configuration.
 */
const visit = Date.now();

/** Whether a new address asks for a different configuration of a tab that is already loaded. */
function asksForAnother({ part, config, problem }: Route): boolean {
  if (!held.has(part) || history.state === visit) return false;
  return problem !== undefined || (config !== undefined && JSON.stringify(config) !== held.get(part));
}

// a tab reads its configuration once, when it is loaded
addEventListener("hashchange", () => {
  const next = read(location.hash);
  if (asksForAnother(next)) location.reload();
  else route.value = next;
});

/** A tab's configuration. `bare`: the address asks for nothing but the tab. `change` writes it into the address, too. */
export type TabConfig<C> = Readonly<{
  part: string;
  config: Signal<C>;
  bare: boolean;
  change(next: Partial<C>): void;
}>;

/** A tab's configuration from the address, checked by its schema; for an invalid one the default, and a refusal. */
export function tabConfig<C extends object>(part: string, schema: v.GenericSchema<unknown, C>): TabConfig<C> {
  const { part: current, config } = route.peek();
  const given = current === part && config !== undefined;
  const found = v.safeParse(schema, given ? config : {});
  held.set(part, given && found.success ? JSON.stringify(config) : "");
  if (!found.success) {
    const why = `The address is not valid. The page shows the default.\n${v.summarize(found.issues)}`;
    refusals.value = { ...refusals.value, [part]: why };
  }
  const usual = v.parse(schema, {});
  const value = signal(found.success ? found.output : usual);
  return {
    part,
    config: value,
    bare: found.success && JSON.stringify(found.output) === JSON.stringify(usual),
    change(next) {
      value.value = { ...value.value, ...next };
      held.set(part, JSON.stringify(value.value));
      if (part === shownPart.peek()) writeAddress(part);
    },
  };
}

/** Makes the address describe the shown tab, without a new history entry: the bare address for its default configuration. */
export function writeAddress(part: string): void {
  const text = encodeURIComponent(held.get(part) ?? "");
  if (text && text.length <= LONGEST) history.replaceState(visit, "", `#/${part}?config=${text}`);
}
