import { computed, signal } from "@preact/signals";
import { tabConfig } from "../../shell/route.js";
import { besidePage, download } from "../../ui/files.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import { EXAMPLE, tableConfig } from "./config.js";
import type { DetectorFacts, JudgedFile, OpenedTable, RankedRows, RowStory } from "./handlers.js";

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

let file: (() => Promise<File>) | undefined;

const exampleFile = async (): Promise<File> => new File([await besidePage(EXAMPLE.file)], EXAMPLE.file);

function forgetDetector(): void {
  facts.value = undefined;
  judged.value = undefined;
  ranked.value = undefined;
  chosen.value = undefined;
  story.value = undefined;
}

export const work = makeWork(forgetDetector, async (worker) => {
  if (!file) return;
  const stored = new Uint8Array(await (await besidePage(EXAMPLE.detector)).arrayBuffer());
  const { device } = config.value;
  await worker.call("table.restore", { file: await file(), id: EXAMPLE.id, stored, device });
});

export const isTraining = computed(() => work.progress.value?.stage.startsWith("training") === true);

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
    work.problem.value = `Found ${files.length} files, expected one.`;
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

export const openExample = async (): Promise<void> => openFiles([await exampleFile()]);

async function read(worker: Connection, from: File): Promise<OpenedTable> {
  const table = await worker.call("table.open", { file: from });
  work.holder = worker;
  opened.value = table;
  return table;
}

export const train = (): Promise<void> =>
  work.start(
    "training",
    async (worker, signal) => {
      forgetDetector();
      if (file && work.holder !== worker) await read(worker, await file());
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
  return work.startOnShown("reading", async (worker) => {
    judged.value = await worker.call("table.judge", { file: other }, { onEvent: work.tell });
    await showFirst(worker);
  });
}

async function showFirst(worker: Connection): Promise<void> {
  ranked.value = await worker.call("table.rows", {});
  await tellReasons(worker, ranked.value?.rows[0]?.row);
}

async function tellReasons(worker: Connection, row: number | undefined): Promise<void> {
  if (row === undefined) return;
  chosen.value = row;
  const { falseAlarms } = config.value;
  story.value = await worker.call("table.reasons", { row, falseAlarms });
}

export const choose = (row: number): Promise<void> =>
  work.startOnShown("finding the reasons", (worker) => tellReasons(worker, row));

/** Flags another share of ordinary rows. */
export async function allow(falseAlarms: number): Promise<void> {
  change({ falseAlarms });
  if (ranked.value)
    await work.startOnShown("finding the reasons", (worker) => tellReasons(worker, chosen.value));
}

export function useColumn(name: string, use: boolean): void {
  const next = new Set(dropped.value);
  if (use) next.delete(name);
  else next.add(name);
  dropped.value = next;
}

export const save = (): Promise<void> =>
  work.startOnShown("writing the scores", async (worker) => {
    const { falseAlarms } = config.value;
    download("scored.csv", await worker.call("table.save", { falseAlarms }), "text/csv");
  });

export const saveDetector = (): Promise<void> =>
  work.startOnShown("writing the detector", async (worker) => {
    const { falseAlarms } = config.value;
    download("detector.onnx", await worker.call("table.export", { falseAlarms }));
  });
