import { signal } from "@preact/signals";

/** Whether the page works offline; undefined until this is known. */
const kept = signal<boolean | undefined>(undefined);

/** Stores the page for offline visits. If the browser refuses, everything else still works. */
export async function keepPage(): Promise<void> {
  try {
    const { installing, waiting, active } = await navigator.serviceWorker.register("./sw.js");
    const worker = installing ?? waiting ?? active;
    const look = (): void => {
      if (worker?.state === "activated") kept.value = true;
      else if (worker?.state === "redundant") kept.value = active !== null;
    };
    worker?.addEventListener("statechange", look);
    look();
  } catch {
    kept.value = false;
  }
}

/** The footer of the page. */
export function Foot() {
  return (
    <footer class="note">
      <p role="status">
        All computation runs on this machine. The page sends no data.{" "}
        {kept.value === true && "The page is stored and works offline."}
        {kept.value === false &&
          "This browser cannot store the page for offline use: storage is denied or full."}
      </p>
    </footer>
  );
}
