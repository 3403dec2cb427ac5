import type { FlowifyError } from "@flowify/core";

/** Where the files of a case lie. */
export type Place = Readonly<{
  /** Writes a file and tells its path. */
  write(name: string, content: Uint8Array | string): string;
  /** A folder of 64 + 16 images of 28 × 28, another for each case. */
  images(): string;
  /** The folder of a run that has trained for three steps on them, a copy for each case. */
  run(): Promise<string>;
}>;

/** Something that a user may give the command, and what has to be said about it. */
export type BadCommand = Readonly<{
  input: string;
  args(place: Place): readonly string[] | Promise<readonly string[]>;
  status: 1 | 2 | 3;
  code: FlowifyError["code"];
  /** Words of the message: what is wrong, and what to do about it. */
  says: readonly [culprit: string, remedy: string];
}>;

/** The same of a call of the library. */
export type BadCall = Readonly<{
  input: string;
  call(): unknown;
  code: FlowifyError["code"];
  says: readonly [culprit: string, remedy: string];
}>;
