import { computed, signal } from "@preact/signals";
import { tabConfig } from "../../shell/route.js";
import { download } from "../../ui/files.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { DetectorFacts, JudgedFile, OpenedTable, RankedRows, RowStory } from "./calls.js";
import { EXAMPLE, type TableConfig, tableConfig } from "./config.js";

const first = tabConfig("table", tableConfig);

export const { config, change } = first;
export const opened = signal<OpenedTable | undefined>(undefined);
/** Columns that the user leaves out, and the one that names the rows. */
export const dropped = signal<ReadonlySet<string>>(new Set());
export const idColumn = signal<string | undefined>(undefined);
export const facts = signal<DetectorFacts | undefined>(undefined);
/** The file whose rows are shown. */
export const judged = signal<JudgedFile | undefined>(undefined);
export const ranked = signal<RankedRows | undefined>(undefined);
/** The row whose reasons are shown, from 1 on. */
export const chosen = signal<number | undefined>(undefined);
export const story = signal<RowStory | undefined>(undefined);

/** Rows that are shown at first, and with each click more. */
const SHOWN = 50;

let file: (() => Promise<File>) | undefined;
/** The worker that has read the file. */
let reader: Connection | undefined;

const besidePage = async (name: string): Promise<Blob> =>
  (await fetch(new URL(name, document.baseURI))).blob();
const exampleFile = async (): Promise<File> => new File([await besidePage(EXAMPLE.file)], EXAMPLE.file);

function forgetDetector(): void {
  facts.value = undefined;
  judged.value = undefined;
  ranked.value = undefined;
  chosen.value = undefined;
  story.value = undefined;
}

const work = makeWork(first.problem, () => {
  reader = undefined;
  forgetDetector();
});
export const { progress, problem } = work;

export const busy = computed(() => progress.value !== undefined);

export const isTraining = computed(() => progress.value?.stage.startsWith("training") === true);

/** Stops the training, whose best state then scores the rows; any other task ends without a result. */
export const cancel = (): void => {
  if (isTraining.value) work.cancel();
  else void work.reset();
};

/** Rows that are flagged: those with a p-value of at most the share of false alarms. */
export const flagged = computed(() => {
  const { falseAlarms } = config.value;
  return ranked.value?.all.filter((p) => p <= falseAlarms).length;
});

export async function openFiles(files: readonly File[]): Promise<void> {
  const [next] = files;
  if (!next || files.length > 1) {
    problem.value = `Found ${files.length} files, expected one.`;
    return;
  }
  return work.start(`reading ${next.name}`, async (worker) => {
    forgetDetector();
    opened.value = undefined;
    file = async () => next;
    const { columns } = (await read(worker, next)).schema;
    dropped.value = new Set();
    idColumn.value = columns.find(({ type }) => type === "identifier")?.name;
  });
}

/** Where the address asks for no other settings, the example with its results, which came with the page. */
export async function begin(): Promise<void> {
  if (!first.bare) return;
  await showStored("table", { opened, idColumn, facts, judged, ranked, chosen, story });
  file = exampleFile;
}

/** A task on the rows that are shown: the worker that lacks their detector gets the one that came with the page. */
const startOnRows = (stage: string, does: (worker: Connection) => Promise<void>): Promise<void> =>
  work.start(stage, async (worker) => {
    if (reader !== worker && file) {
      work.tell({ stage: "opening the example", done: 0, of: 1 });
      const stored = new Uint8Array(await (await besidePage(EXAMPLE.detector)).arrayBuffer());
      const { device } = config.value;
      await worker.call("table.restore", { file: await file(), id: EXAMPLE.id, stored, device });
      reader = worker;
    }
    work.tell({ stage, done: 0, of: 1 });
    await does(worker);
  });

export const openExample = async (): Promise<void> => openFiles([await exampleFile()]);

async function read(worker: Connection, from: File): Promise<OpenedTable> {
  const table = await worker.call("table.open", { file: from });
  reader = worker;
  opened.value = table;
  return table;
}

export const train = (): Promise<void> =>
  work.start(
    "training",
    async (worker, signal) => {
      forgetDetector();
      if (file && reader !== worker) await read(worker, await file());
      const { device, contaminated, steps, seed } = config.value;
      const args = { device, contaminated, steps, seed, drop: [...dropped.value], id: idColumn.value };
      facts.value = await worker.call("table.train", args, { signal, onEvent: work.tell });
      judged.value = { name: opened.value?.name ?? "", notes: [] };
      await showFirst(worker);
    },
    "soft",
  );

/** Shows the rows of another file by the same detector; without one, those that it was trained on. */
export function judgeFile(other?: File): Promise<void> {
  return startOnRows("reading", async (worker) => {
    judged.value = await worker.call("table.judge", { file: other }, { onEvent: work.tell });
    await showFirst(worker);
  });
}

async function showFirst(worker: Connection): Promise<void> {
  await rank(worker, SHOWN);
  await tellReasons(worker, ranked.value?.rows[0]?.row);
}

async function rank(worker: Connection, count: number): Promise<void> {
  ranked.value = await worker.call("table.rows", { score: config.value.score, count });
}

async function tellReasons(worker: Connection, row: number | undefined): Promise<void> {
  if (row === undefined) return;
  chosen.value = row;
  const { score, falseAlarms } = config.value;
  story.value = await worker.call("table.reasons", { row, score, falseAlarms });
}

export const choose = (row: number): Promise<void> =>
  startOnRows("finding the reasons", (worker) => tellReasons(worker, row));

export const showMore = (): Promise<void> =>
  startOnRows("sorting", (worker) => rank(worker, (ranked.value?.rows.length ?? 0) + SHOWN));

/** Judges the rows by another score, or with another share of false alarms. */
export async function judge(next: Partial<Pick<TableConfig, "score" | "falseAlarms">>): Promise<void> {
  change(next);
  if (!ranked.value) return;
  await startOnRows("sorting", async (worker) => {
    await rank(worker, ranked.value?.rows.length ?? SHOWN);
    await tellReasons(worker, chosen.value);
  });
}

export function useColumn(name: string, use: boolean): void {
  const next = new Set(dropped.value);
  if (use) next.delete(name);
  else next.add(name);
  dropped.value = next;
}

export const save = (): Promise<void> =>
  startOnRows("writing the scores", async (worker) => {
    const { score, falseAlarms } = config.value;
    const text = await worker.call("table.save", { score, falseAlarms });
    download("scored.csv", text, "text/csv");
  });

export const saveDetector = (): Promise<void> =>
  startOnRows("writing the detector", async (worker) => {
    const { falseAlarms } = config.value;
    download("detector.onnx", await worker.call("table.export", { falseAlarms }));
  });
