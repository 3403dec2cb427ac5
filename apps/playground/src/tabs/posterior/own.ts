import { DataError } from "@flowify/core";
import type { trainPosterior } from "flowify/posterior/browser";

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
  return { prior: uniformIn(parameters), simulate: simulate as Task["simulate"], parameters };
}

/** Every parameter uniform between its ends. */
function uniformIn(parameters: readonly Parameter[]): Task["prior"] {
  const support = parameters.map(({ range }) => range);
  const volume = support.reduce((product, [low, high]) => product * (high - low), 1);
  return {
    size: support.length,
    support,
    sample: (random) => support.map(([low, high]) => low + (high - low) * random.uniform()),
    logProb: (theta) =>
      support.every(([low, high], i) => theta[i]! >= low && theta[i]! <= high)
        ? -Math.log(volume)
        : Number.NEGATIVE_INFINITY,
  };
}

/** What stands in the box at first: eight numbers of one mean and spread. */
export const EXAMPLE = `// each parameter, and the ends between which it may lie
export const prior = { mean: [-3, 3], spread: [0.2, 2] };

// one observation: always the same number of numbers
export function simulate([mean, spread], random) {
  return Array.from({ length: 8 },
    () => mean + spread * random.normal());
}
`;
