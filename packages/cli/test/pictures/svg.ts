/** What is drawn in a chart, for tests: each path with its colour and the points that it goes through. */
export type Drawn = Readonly<{
  color: string;
  d: string;
  points: readonly (readonly [x: number, y: number])[];
}>;

const attribute = (element: string, name: string): string | undefined =>
  new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1];

/** Paths of the marks of a kind: `line`, `area`, `rect`, `rule`, `symbol`. */
export function marks(svg: string, kind: string): Drawn[] {
  const groups = svg.matchAll(
    new RegExp(`<g class="mark-${kind} role-mark[^"]*"[^>]*(?<!/)>(.*?)</g>`, "gs"),
  );
  return [...groups].flatMap(([, inside = ""]) =>
    [...inside.matchAll(/<(?:path|line)[^>]*>/g)].map(([element]) => {
      const d = attribute(element, "d") ?? "";
      const color = [attribute(element, "stroke"), attribute(element, "fill")].find(
        (each) => each !== undefined && each !== "none",
      );
      const shift = /translate\(([^,]+),([^)]+)\)/.exec(attribute(element, "transform") ?? "");
      const [left, top] = [Number(shift?.[1] ?? 0), Number(shift?.[2] ?? 0)];
      const points = [...d.matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)].map(
        ([, x, y]) => [left + Number(x), top + Number(y)] as const,
      );
      return { color: color ?? "", d, points: shift ? [[left, top] as const] : points };
    }),
  );
}

/** The texts of a chart, as they are read. */
export const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = ""]) =>
    text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
  );

/** Texts that names of runs, columns and folders may be. */
export const hostile = {
  markup: `<script>alert("1")</script> & 'co'`,
  control: "a\u0000b\u001b[31m\u0007\u{ffff}\ud800c",
  // names that every object of JavaScript has, and what Vega reads as a name or a call
  inherited: "constructor",
  expression: "datum.value; alert(1) || __proto__",
  long: "very long ".repeat(200),
};
