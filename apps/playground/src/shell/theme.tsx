import { signal } from "@preact/signals";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const chosen = document.documentElement.dataset.theme;
/** True if storage is denied or full: the choice then lasts for this visit. */
const unkept = signal(false);
const theme = signal<Theme>(chosen === "light" || chosen === "dark" ? chosen : "system");

function choose(next: Theme): void {
  theme.value = next;
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
    unkept.value = false;
  } catch {
    unkept.value = true;
  }
}

export function ThemeChoice() {
  return (
    <div class="theme">
      <label>
        Theme{" "}
        <select value={theme.value} onChange={(event) => choose(event.currentTarget.value as Theme)}>
          {themes.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <span role="status">{unkept.value && " for this visit only: storage is denied or full"}</span>
    </div>
  );
}
