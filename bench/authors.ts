/** Measurements of the authors' code. */
export type AuthorsFigures = Readonly<{
  /** Test bits per dimension after 469 steps of 128, on the first 2,000 test digits. */
  bpd?: number;
  /** Time of a whole training step in g, the 1024³ float32 product of the same machine. */
  stepPerG?: number;
}>;

/** Source: the authors' implementation, run with the same steps, batch and optimizer. */
export const authors: Readonly<Record<string, AuthorsFigures>> = {
  "mnist/fmlp": { bpd: 6.3, stepPerG: 104 },
  "mnist/fconv1": { bpd: 9.95, stepPerG: 100 },
  "mnist/fconv1-nsf": { stepPerG: 88 },
  "mnist/fconv2": { bpd: 5.98, stepPerG: 57 },
  "mnist/fconv2-nsf": { bpd: 4.01, stepPerG: 68 },
};
