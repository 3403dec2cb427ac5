/** A line of the flags in a help text: the part before the flag, the flag, `...` if it may be repeated, its description. */
const FLAG_LINE = /^( +(?:-\w )? *)(\[?--[\w/-]*\]?)((?:\.\.\.)?) {2,}(.*)$/;

/**
 * A help text with the name of its value behind each flag that takes one: `[--steps N]` for `[--steps]`. The library
 * writes them only to the usage line.
 */
export function withValueNames(help: string, nameOf: (flag: string) => string | undefined): string {
  const lines = help.split("\n");
  const first = lines.indexOf("FLAGS") + 1;
  const end = lines.indexOf("", first);
  const rows = lines.slice(first, end === -1 ? lines.length : end).map((line) => {
    const [, before = "", flag = "", more = "", brief = ""] = FLAG_LINE.exec(line) ?? [];
    const value = nameOf(flag.replace(/^\[?--|\]$/g, ""));
    const named = value === undefined ? flag : flag.replace(/\]?$/, (bracket) => ` ${value}${bracket}`);
    return { start: `${before}${named}${more}`, brief };
  });
  const width = Math.max(...rows.map(({ start }) => start.length));
  lines.splice(first, rows.length, ...rows.map(({ start, brief }) => `${start.padEnd(width)}  ${brief}`));
  return lines.join("\n");
}
