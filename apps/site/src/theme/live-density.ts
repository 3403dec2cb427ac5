import { withBase } from "vitepress";
import { defineComponent, h, onMounted, onUnmounted, ref } from "vue";
import { moons, PICTURE, SHOWN, SIDE, STEPS } from "../live/protocol.js";
import { MOST_POINTS, paint, pointsNear, shapes } from "./density-picture.js";
import { startWorker } from "./worker.js";

/** Milliseconds that each stored frame is shown. */
const PACE = 420;
const FEWEST = 20;

/** The density of points that grows, first a stored one, then that of the reader's own points. */
export const LiveDensity = defineComponent(() => {
  const canvas = ref<HTMLCanvasElement>();
  const note = ref(`A density learned from 500 points in ${STEPS} steps. Draw your own over it.`);
  const working = ref(false);
  let points: number[] = [...moons()];
  let cells = new Uint8Array(SIDE * SIDE);
  let own = false;
  let drawing = false;
  let stop = (): void => {};
  let shape = 0;
  const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = (): void => {
    if (canvas.value) paint(canvas.value, cells, points);
  };

  /** Plays the stored training once; only its end where less motion is wanted. */
  async function play(): Promise<void> {
    const answer = await fetch(withBase(`/${PICTURE}`));
    const frames = new Uint8Array(await answer.arrayBuffer());
    const count = Math.floor(frames.length / cells.length);
    const frame = (i: number): void => {
      if (own || i >= count) return;
      cells = frames.slice(i * cells.length, (i + 1) * cells.length);
      show();
      const timer = setTimeout(() => frame(i + 1), PACE);
      stop = () => clearTimeout(timer);
    };
    frame(still() ? count - 1 : 0);
  }

  function learn(): void {
    if (points.length < 2 * FEWEST) {
      note.value = `${points.length / 2} points: draw at least ${FEWEST}.`;
      return;
    }
    working.value = true;
    note.value = "Loading the library and compiling on your machine…";
    stop = startWorker(
      { kind: "learn", points: Float32Array.from(points), steps: STEPS, shown: still() ? [STEPS] : SHOWN },
      (answer) => {
        if (answer.kind === "frame") {
          cells = answer.frame.cells;
          note.value = `Step ${answer.frame.step} of ${STEPS}, on your machine.`;
          show();
        } else if (answer.kind === "problem") note.value = `It did not learn: ${answer.text}.`;
        else
          note.value = `Learned from ${points.length / 2} points, on your machine. Draw on, or begin again.`;
        if (answer.kind !== "frame") working.value = false;
      },
    );
  }

  function restart(next: number[]): void {
    stop();
    own = true;
    working.value = false;
    points = next;
    cells = new Uint8Array(SIDE * SIDE);
    show();
  }
  const add = (event: PointerEvent): void => {
    if (points.length < 2 * MOST_POINTS) points.push(...pointsNear(event));
    show();
  };
  const down = (event: PointerEvent): void => {
    canvas.value?.setPointerCapture(event.pointerId);
    restart(own ? points : []);
    drawing = true;
    add(event);
  };
  const up = (): void => {
    if (drawing) learn();
    drawing = false;
  };

  onMounted(() => {
    show();
    new ResizeObserver(show).observe(canvas.value!);
    new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["class"] });
    play().catch(() => {
      note.value = "The stored picture could not be loaded. Draw points to learn from.";
    });
  });
  onUnmounted(() => stop());
  return () =>
    h("figure", { class: "live-density" }, [
      h("canvas", {
        ref: canvas,
        role: "img",
        "aria-label":
          "Points in a square, and over them the density that a flow learns from them. Drag to draw points.",
        onPointerdown: down,
        onPointermove: (event: PointerEvent) => drawing && add(event),
        onPointerup: up,
        onPointercancel: up,
      }),
      h("figcaption", [
        h("span", { role: "status" }, note.value),
        h("span", { class: "buttons" }, [
          h(
            "button",
            {
              type: "button",
              class: "run",
              onClick: () => {
                restart(shapes[shape++ % shapes.length]!());
                learn();
              },
            },
            "Another shape",
          ),
          h(
            "button",
            { type: "button", class: "run", onClick: () => restart([]) },
            working.value ? "Stop" : "Clear",
          ),
        ]),
      ]),
    ]);
});
