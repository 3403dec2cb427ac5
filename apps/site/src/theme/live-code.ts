import { defineComponent, h, onUnmounted, ref } from "vue";
import { startWorker } from "./worker.js";

/** An example of a document with a button that runs it on the page, and what it prints. */
export const LiveCode = defineComponent({
  props: { name: { type: String, required: true } },
  setup({ name }, { slots }) {
    const lines = ref<string[]>();
    const running = ref(false);
    const seconds = ref(0);
    let stop = (): void => {};
    const run = (): void => {
      if (running.value) {
        stop();
        running.value = false;
        return;
      }
      lines.value = [];
      running.value = true;
      seconds.value = 0;
      const clock = setInterval(() => seconds.value++, 1000);
      const end = startWorker({ kind: "run", name }, (answer) => {
        if (answer.kind !== "line") clearInterval(clock);
        if (answer.kind === "line") lines.value = [...(lines.value ?? []), answer.text];
        if (answer.kind === "problem") lines.value = [...(lines.value ?? []), `Error: ${answer.text}`];
        if (answer.kind !== "line") running.value = false;
      });
      stop = () => {
        clearInterval(clock);
        end();
      };
    };
    onUnmounted(() => stop());
    const waiting = (): string =>
      running.value
        ? `Computing on your machine, ${seconds.value} s. Training takes a minute without a GPU.`
        : "";
    return () =>
      h("div", { class: "live-code" }, [
        slots.default?.(),
        h("button", { type: "button", class: "run", onClick: run }, running.value ? "Stop" : "Run"),
        lines.value &&
          h("pre", { class: "printed", role: "status", "aria-label": "Printed on this machine" }, [
            lines.value.join("\n") || waiting() || "(nothing is printed)",
          ]),
      ]);
  },
});
