/** The message of an error, where it happened; empty without one. */
export const Problem = ({ text }: { text: string | undefined }) =>
  text ? (
    <div class="problem" role="alert">
      <p>{text}</p>
    </div>
  ) : null;

/** Remarks, a line each. */
export const Notes = ({ of = [] }: { of?: readonly string[] | undefined }) => (
  <>
    {of.map((note) => (
      <p class="note" key={note}>
        {note}
      </p>
    ))}
  </>
);

/** A message of the library without its hints to flags of the command and options of functions. */
export const withoutFlags = (message: string): string =>
  message
    .split("\n")
    .map((line) => line.replace(/ by --.*$/, ""))
    .filter((line, i) => i === 0 || !/--|by the option/.test(line))
    .join("\n");

/** The message of an error for users. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error ? withoutFlags(error.message) : String(error);
