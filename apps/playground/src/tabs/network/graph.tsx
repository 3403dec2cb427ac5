import { withoutFlags } from "../../ui/problem.js";
import { Scrolling } from "../../ui/sheet.js";
import { layout } from "./layout.js";
import type { DrawnNode, Fate } from "./nodes.js";

const BOX = { width: 168, height: 40, across: 192, down: 60 };

type Point = Readonly<{ x: number; y: number }>;

/** A path from below one box to above another: straight if possible, otherwise beside the boxes between them. */
function edge(a: Point, b: Point): string {
  const [x, y, u, v] = [a.x + BOX.width / 2, a.y + BOX.height, b.x + BOX.width / 2, b.y];
  const near = v - y < BOX.down;
  if (near) return `M ${x} ${y} C ${x} ${y + 14}, ${u} ${v - 14}, ${u} ${v}`;
  // the way down: in the column of its end, or in the gap to the right of a column that other boxes fill
  const way = a.x === b.x ? a.x + BOX.width + 12 : Math.max(x, u);
  const [from, to] = [y + 20, v - 20];
  return `M ${x} ${y} C ${x} ${y + 14}, ${way} ${from - 14}, ${way} ${from} V ${to} C ${way} ${to + 14}, ${u} ${v - 14}, ${u} ${v}`;
}

/** Label and colour of each outcome. */
function saying(fate: Fate): { text: string; kind: string } {
  if (fate.kind === "layer")
    return { text: fate.layer, kind: fate.likelihood === "exact" ? "exact" : "bound" };
  if (fate.kind === "unsupported") return { text: "no rule", kind: "wrong" };
  if (fate.kind === "leftOut") return { text: "left out", kind: "quiet" };
  return { text: fate.kind === "open" ? "has a rule" : "no effect", kind: "quiet" };
}

/** The graph of a file from its input downwards: each node with its layer. */
export function Graph({
  nodes,
  input,
  label,
}: {
  nodes: readonly DrawnNode[];
  input: string;
  label: string;
}) {
  const { places, rows, lanes } = layout(nodes);
  const [width, height] = [lanes * BOX.across, rows * BOX.down];
  const at = (i: number): Point => {
    const { row, lane } = places[i] ?? { row: 0, lane: 0 };
    return { x: lane * BOX.across, y: row * BOX.down };
  };
  return (
    <Scrolling label={label}>
      <svg
        class="graph"
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
      >
        {nodes.map(({ from }, i) =>
          from.map((source) => <path key={`${source}-${i}`} d={edge(at(source), at(i))} />),
        )}
        <g>
          <rect class="quiet" width={BOX.width} height={BOX.height} rx="4" />
          <text x="10" y="25">
            {shortened(input)}
          </text>
        </g>
        {nodes.map(({ op, name, fate }, i) => {
          const { x, y } = at(i);
          const { text, kind } = saying(fate);
          return (
            <g key={name} transform={`translate(${x} ${y})`}>
              <title>
                {fate.kind === "unsupported"
                  ? `${op} ${name}: ${withoutFlags(fate.reason)}`
                  : `${op} ${name}`}
              </title>
              <rect class={kind} width={BOX.width} height={BOX.height} rx="4" />
              <text x="10" y="17">
                {shortened(op)}
              </text>
              <text x="10" y="33" class={`small ${kind}`}>
                {text}
                {fate.kind === "layer" && fate.dropped > 0 && `  −${fate.dropped}`}
                {fate.kind === "layer" && fate.added > 0 && `  +${fate.added}`}
              </text>
            </g>
          );
        })}
      </svg>
    </Scrolling>
  );
}

const shortened = (text: string): string => (text.length > 20 ? `${text.slice(0, 19)}…` : text);
