/** Bits per dimension of bytes that are all equally likely. */
const UNIFORM = 8;

/** A warning where images are less likely than under noise that has learnt nothing. */
export const AboveUniform = ({ bpd }: { bpd: number | undefined }) =>
  bpd !== undefined && bpd > UNIFORM ? (
    <p class="wrong" role="status">
      More than {UNIFORM} bits per dimension: it finds these images less likely than noise, all bytes equally
      likely, does. Train it further, with a smaller learning rate where that made it worse.
    </p>
  ) : null;
