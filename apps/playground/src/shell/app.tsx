import { signal, useSignalEffect } from "@preact/signals";
import type { ComponentType } from "preact";
import { Problem, wordsOf } from "../ui/problem.js";
import { embedded, wholePage } from "./embed.js";
import { Foot } from "./offline.js";
import { refusals, route, shownPart, writeAddress } from "./route.js";
import { partOf, parts } from "./tabs.js";

type Loaded = Readonly<{ Part?: ComponentType; problem?: string }>;
const loaded = signal<Readonly<Record<string, Loaded>>>({});

async function load(id: string): Promise<void> {
  if (loaded.peek()[id]?.Part) return;
  let result: Loaded;
  try {
    const { Tab, begin } = await partOf(id).load();
    await begin();
    result = { Part: Tab };
  } catch (error) {
    result = { problem: `This tab could not be loaded: ${wordsOf(error)}` };
  }
  loaded.value = { ...loaded.peek(), [id]: result };
}

function Top({ current }: { current: string }) {
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <h1>
          <a href="../">flowify</a> <span>playground</span>
        </h1>
        <nav aria-label="Parts">
          {parts.map(({ id, title }) => (
            <a key={id} href={`#/${id}`} aria-current={id === current ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
    </>
  );
}

/** The page: title, tabs, and the tab in the address. Tabs that were opened before stay mounted but hidden. */
export function App() {
  const { problem } = route.value;
  const { id: current, summary } = partOf(route.value.part);
  useSignalEffect(() => {
    shownPart.value = partOf(route.value.part).id;
    writeAddress(shownPart.value);
    void load(shownPart.value);
  });
  return (
    <>
      {!embedded && <Top current={current} />}
      <main id="main" class={embedded ? "embedded" : ""} tabIndex={-1}>
        {!embedded && <p class="summary">{summary}</p>}
        <Problem text={problem && `The address is not valid: ${problem}. The page shows the default.`} />
        <Problem text={refusals.value[current]} />
        {!loaded.value[current] && (
          <p class="note" role="status">
            Loading…
          </p>
        )}
        {Object.entries(loaded.value).map(([id, { Part, problem: failure }]) => (
          <section key={id} id={`part-${id}`} hidden={id !== current}>
            {Part ? <Part /> : <Problem text={failure} />}
          </section>
        ))}
      </main>
      {embedded ? (
        <p class="note whole">
          <a
            href={wholePage()}
            target="_top"
            onClick={({ currentTarget }) => {
              // with its present configuration
              currentTarget.href = wholePage();
            }}
          >
            Open the playground
          </a>
        </p>
      ) : (
        <Foot />
      )}
    </>
  );
}
