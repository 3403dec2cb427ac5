import { DataError } from "@flowify/core";
import { type trainPosterior, uniform } from "flowify/posterior/browser";

type Asked = Parameters<typeof trainPosterior>[0];
/** Parameters and how likely each are, and what makes an observation of some. */
export type Task = Readonly<Pick<Asked, "prior" | "simulate">>;

/** A simulator that somebody wrote into the page. */
export type OwnTask = Task & Readonly<{ parameters: readonly Parameter[] }>;
type Parameter = Readonly<{ name: string; range: readonly [number, number] }>;

/** Most parameters that the pair plot has room for. */
const MOST = 5;

const expected = (what: string): DataError =>
  new DataError(
    `The simulator: ${what}.\nIt has to export prior, such as { mean: [-3, 3] }, and simulate([mean], random).`,
  );

/** The module of a simulator: `prior`, the ends of each parameter by its name, and `simulate(θ, random)`. */
export async function ownTask(source: string): Promise<OwnTask> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return taskOf((await import(/* @vite-ignore */ url)) as Record<string, unknown>);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw expected(`it cannot be run, ${String(error)}`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** What the module says. Errors: `DataError` with what is missing. */
export function taskOf({ prior, simulate }: Record<string, unknown>): OwnTask {
  if (typeof simulate !== "function") throw expected("it exports no function simulate");
  if (typeof prior !== "object" || prior === null) throw expected("it exports no prior");
  const parameters = Object.entries(prior).map(([name, ends]: [string, unknown]): Parameter => {
    const [low, high] = Array.isArray(ends) ? (ends as unknown[]) : [];
    if (typeof low !== "number" || typeof high !== "number" || !(low < high && Number.isFinite(high - low)))
      throw expected(
        `the prior of ${name} is ${JSON.stringify(ends)}, expected two numbers, the lower first`,
      );
    return { name, range: [low, high] };
  });
  if (parameters.length === 0 || parameters.length > MOST)
    throw expected(`its prior has ${parameters.length} parameters, expected 1 to ${MOST}`);
  const ends = (at: 0 | 1): number[] => parameters.map(({ range }) => range[at]);
  return { prior: uniform(ends(0), ends(1)), simulate: simulate as Task["simulate"], parameters };
}
