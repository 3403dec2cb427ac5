import { withBase } from "vitepress";
import { defineComponent, h, ref } from "vue";

/** A picture of the playground, and in its place, once it is asked for, the playground itself. */
export const LiveFrame = defineComponent({
  props: { address: { type: String, required: true } },
  setup({ address }, { slots }) {
    const live = ref(false);
    return () =>
      live.value
        ? h("iframe", {
            class: "live",
            title: "A live piece of the playground",
            src: `${withBase("/playground/")}${address}`,
          })
        : h("div", { class: "live-picture" }, [
            slots.default?.(),
            h(
              "button",
              { type: "button", class: "run", onClick: () => (live.value = true) },
              "Run this live",
            ),
          ]);
  },
});
