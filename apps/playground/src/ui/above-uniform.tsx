/** Bits per dimension of uniformly distributed bytes. */
const UNIFORM = 8;

/** A warning if images are less likely than under a uniform distribution. */
export const AboveUniform = ({ bpd }: { bpd: number | undefined }) =>
  bpd !== undefined && bpd > UNIFORM ? (
    <p class="wrong" role="status">
      More than {UNIFORM} bits per dimension: these images are less likely than under a uniform distribution
      of bytes. Train it further. If training made it worse, use a smaller learning rate.
    </p>
  ) : null;
