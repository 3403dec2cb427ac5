import { type DataIn, type Executor, type FitOptions, type Flow, FlowModel, fit } from "@flowify/core";

/** How the members of an ensemble are trained: as by `fit`, each with its own seed. */
export type EnsembleOptions = Omit<FitOptions, "onStep" | "onWarning" | "condition"> & {
  executor: Executor;
  condition?: DataIn;
  steps: number;
  seed: number;
  /** How many; their mixture is the density. */
  members: number;
  /** Those that are trained already, the first ones. */
  before?: readonly FlowModel[];
  /** The examples of a member, where it has its own. */
  examplesOf?: (
    member: number,
  ) => Pick<FitOptions, "condition" | "validation" | "validationCondition"> & { data: DataIn };
  /** Called every few steps with how far all are, from 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
  /** Called with each new member. */
  onMember?: ((model: FlowModel, member: number) => Promise<void>) | undefined;
};

/** Steps between two calls of `onProgress`. */
const TOLD_EVERY = 20;

/**
 * Trains copies of a flow, side by side where an executor has threads for it. Each starts elsewhere, sees the data in another order, and
 * stops by other held-out examples: where they disagree, too little was seen. Source: Lakshminarayanan et al. 2017
 * (arXiv:1612.01474).
 *
 * @throws the errors of `fit`; the members so far are released
 */
export async function fitEnsemble(
  make: (member: number) => Flow,
  data: DataIn,
  { members, before = [], executor, examplesOf, onProgress, onMember, ...options }: EnsembleOptions,
): Promise<FlowModel[]> {
  const { steps, seed, signal } = options;
  const models: (FlowModel | undefined)[] = [...before];
  const shares = Array.from({ length: members }, (_, member) => Number(member < before.length));
  // for all members, so that one that goes on alone has the same digits
  const apart = executor.separate?.(members) ?? [];
  let next = before.length;
  let told = before.length;
  let isFailed = false;
  const isStopped = (): boolean => isFailed || signal?.aborted === true;
  const stopping = {
    get aborted() {
      return isStopped();
    },
  };
  async function trained(member: number, on: Executor): Promise<FlowModel> {
    const { data: own = data, ...examples } = examplesOf?.(member) ?? {};
    const model = await fit(make(member), own, {
      ...options,
      ...examples,
      executor: on,
      signal: stopping,
      seed: seed + member,
      onStep({ step }) {
        shares[member] = step / steps;
        if (step % TOLD_EVERY === 0) onProgress?.(shares.reduce((sum, share) => sum + share, 0) / members);
      },
    });
    if (on === executor) return model;
    const parameters = model.save();
    await model.dispose();
    return FlowModel.load(make(member), parameters, executor);
  }
  /** Shows the members that are ready, in their order. */
  async function tell(): Promise<void> {
    for (let model = models[told]; model && !isStopped(); model = models[++told])
      await onMember?.(model, told);
  }
  let telling: Promise<void> = Promise.resolve();
  async function work(on: Executor): Promise<void> {
    try {
      while (next < members && !isStopped()) {
        const member = next++;
        models[member] = await trained(member, on);
        shares[member] = 1;
        telling = telling.then(tell);
        await telling;
      }
    } catch (error) {
      isFailed = true;
      throw error;
    }
  }
  const ends = await Promise.allSettled((apart.length > 1 ? apart : [executor]).map(work));
  for (const each of apart) await each.dispose();
  const found = models.filter((model) => model !== undefined);
  const failed = ends.find((end) => end.status === "rejected");
  if (!failed) return found;
  for (const model of found) await model.dispose();
  throw failed.reason;
}

/** An executor that is opened here is closed where the work fails. */
export async function withOwnExecutor<T>(
  given: Executor | undefined,
  open: () => Promise<Executor>,
  work: (executor: Executor, own: Executor | undefined) => Promise<T>,
): Promise<T> {
  const executor = given ?? (await open());
  const own = given === undefined ? executor : undefined;
  try {
    return await work(executor, own);
  } catch (error) {
    await own?.dispose();
    throw error;
  }
}
