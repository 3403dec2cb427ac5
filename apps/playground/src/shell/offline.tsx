import { signal } from "@preact/signals";

/** Whether the page opens without a network; undefined until that is known. */
const kept = signal<boolean | undefined>(undefined);

/** Keeps the page for visits without a network. Where that is refused, all else works. */
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

/** What is at the foot of the page. */
export function Foot() {
  return (
    <footer class="note">
      <p role="status">
        Everything is computed on this machine, nothing is sent.{" "}
        {kept.value === true && "The page is kept, and opens without a network as well."}
        {kept.value === false &&
          "This browser does not keep the page for visits without a network: storage is denied or full."}
      </p>
    </footer>
  );
}
