import { authors } from "./authors.js";

type LedgerLine = Readonly<{ layer: string; bpd: number; exact: boolean }>;

/** Results of one network. */
export type NetworkResult = Readonly<{
  network: string;
  parameters: number;
  paper?: Readonly<{
    parameters: number;
    differences: readonly Readonly<{ what: string; parameters: number }>[];
  }>;
  steps: number;
  batch: number;
  seed: number;
  learningRate: number;
  orthogonalRate: number;
  train: Readonly<{ examples: number; splitSize?: number }>;
  test: Readonly<{ examples: number; splitSize?: number; bpd: number; stdErr: number }>;
  ledger: readonly LedgerLine[];
  bench: Readonly<{ stepMs: number; gMs: number; stepPerG: number; fraction: number; peakRssMb: number }>;
  commit: string;
  machine: string;
}>;

const LARGEST = 6;

const count = (value: number): string => value.toLocaleString("en-US");
const signed = (value: number, digits = 0): string =>
  `${value < 0 ? "−" : "+"}${Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
const figure = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? "–";

/** The authors' figures are for the network without the layers that we put in front. */
const paperName = (network: string): string => network.replace(/:paper$/, "");

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(head),
  row(head.map((_, column) => (column === 0 ? "---" : "---:"))),
  ...rows.map(row),
];

function summary(results: readonly NetworkResult[]): string[] {
  const rows = results.map(({ network, parameters, paper, steps, test, bench }) => [
    `\`${network}\``,
    count(parameters),
    paper ? count(paper.parameters) : "–",
    count(steps),
    `${test.bpd.toFixed(3)} ± ${test.stdErr.toFixed(3)}`,
    figure(authors[paperName(network)]?.bpd, 2),
    bench.stepPerG.toFixed(1),
    figure(authors[paperName(network)]?.stepPerG, 0),
    (bench.fraction * bench.stepPerG).toFixed(1),
    count(Math.round(bench.peakRssMb)),
  ]);
  const head = [
    "network",
    "parameters",
    "(authors)",
    "steps",
    "test bpd",
    "(authors)",
    "step in g",
    "(authors)",
    "floor in g",
    "peak MB",
  ];
  return table(head, rows);
}

/** `20,000 of the 50,000` */
const part = ({ examples, splitSize }: { examples: number; splitSize?: number }): string =>
  splitSize === undefined ? count(examples) : `${count(examples)} of the ${count(splitSize)}`;

/** `mnist: trained on 60,000 images, tested on 10,000 test images`, one line per distinct data. */
function images(results: readonly NetworkResult[]): string[] {
  const lines = results.map(({ network, train, test }) => {
    const data = network.slice(0, network.indexOf("/"));
    return `- ${data}: trained on ${part(train)} images, tested on ${part(test)} test images`;
  });
  return [...new Set(lines)];
}

function section(result: NetworkResult): string[] {
  const { network, paper, ledger, steps, batch, seed, learningRate, orthogonalRate } = result;
  const largest = [...ledger].sort((a, b) => Math.abs(b.bpd) - Math.abs(a.bpd)).slice(0, LARGEST);
  const rest = ledger.filter((line) => !largest.includes(line));
  const rows = [
    ...largest.map(({ layer, bpd, exact }) => [layer, signed(bpd, 3), exact ? "exact" : "bound"]),
    [
      `${rest.length} others`,
      signed(
        rest.reduce((sum, { bpd }) => sum + bpd, 0),
        3,
      ),
      "",
    ],
    [
      "total",
      signed(
        ledger.reduce((sum, { bpd }) => sum + bpd, 0),
        3,
      ),
      "",
    ],
  ];
  const differences = (paper?.differences ?? []).map(
    ({ what, parameters }) => `- ${signed(parameters)} parameters: ${what}`,
  );
  return [
    `## ${network}`,
    "",
    `${count(steps)} steps of ${batch}, seed ${seed}, peak learning rates ${learningRate} and ${orthogonalRate} (orthogonal);`,
    `commit ${result.commit}, ${result.machine}.`,
    "",
    ...table(["layer", "bpd", ""], rows),
    ...(differences.length > 0 ? ["", "Against the authors' count:", "", ...differences] : []),
  ];
}

/** The page of results: one line per network with the authors' figures, then the ledger of each. */
export const resultsPage = (results: readonly NetworkResult[]): string =>
  `${[
    "# The networks of the paper",
    "",
    "Made by `npm run -s compare` (`bench/compare.ts`); the numbers are in `networks.json` next to this page. Each network names its",
    "commit and machine.",
    "",
    ...summary(results),
    "",
    "Test bits per dimension have the standard error over the images. The authors' figures are from their code after",
    "469 steps of 128, for the first 2,000 test digits. The unit g is the time of a 1024 × 1024 × 1024 float32 product in ONNX Runtime,",
    "measured between the steps. The floor is the time of the products and convolutions of a step at that rate.",
    "",
    ...images(results),
    "",
    ...results.flatMap((result) => [...section(result), ""]),
  ]
    .join("\n")
    .trimEnd()}\n`;
