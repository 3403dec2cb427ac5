import { type DataIn, type FitOptions, type Flow, type FlowModel, fit } from "@flowify/core";

/** How the members of an ensemble are trained: as by `fit`, each with its own seed. */
export type EnsembleOptions = Omit<FitOptions, "onStep" | "condition"> & {
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
  onProgress?: (done: number) => void;
  /** Called with each new member. */
  onMember?: (model: FlowModel, member: number) => Promise<void>;
};

/** Steps between two calls of `onProgress`. */
const TOLD_EVERY = 20;

/**
 * Trains copies of a flow one after another. Each starts elsewhere, sees the data in another order, and stops by other
 * held-out examples: where they disagree, too little was seen. Source: Lakshminarayanan et al. 2017 (arXiv:1612.01474).
 *
 * @throws the errors of `fit`; the members so far are released
 */
export async function fitEnsemble(
  make: () => Flow,
  data: DataIn,
  { members, before = [], examplesOf, onProgress, onMember, ...options }: EnsembleOptions,
): Promise<FlowModel[]> {
  const models = [...before];
  const { steps, seed } = options;
  const isStopped = (): boolean => options.signal?.aborted === true;
  try {
    for (let member = models.length; member < members && !isStopped(); member++) {
      const { data: own = data, ...examples } = examplesOf?.(member) ?? {};
      const model = await fit(make(), own, {
        ...options,
        ...examples,
        seed: seed + member,
        onStep({ step }) {
          if (step % TOLD_EVERY === 0) onProgress?.((member + step / steps) / members);
        },
      });
      models.push(model);
      if (!isStopped()) await onMember?.(model, member);
    }
  } catch (error) {
    for (const model of models) await model.dispose();
    throw error;
  }
  return models;
}
