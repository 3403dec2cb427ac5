import { Choice } from "../../ui/choice.js";
import { Lesson } from "../../ui/lesson.js";
import { PAIRS, STEPS_BETWEEN } from "./config.js";
import { between, ends, imageOf, interpolate, run, stored, waits } from "./state.js";
import { Tile } from "./tile.js";

const NO_IMAGE = new Uint8Array();

function End({ label, which }: { label: string; which: 0 | 1 }) {
  return (
    <Choice
      label={label}
      value={ends.value[which]}
      disabled={stored.value}
      of={Array.from({ length: PAIRS }, (_, i) => [i, `image ${i + 1}`])}
      onValue={(image) => {
        const next: [number, number] = [...ends.value];
        next[which] = image;
        ends.value = next;
        void interpolate();
      }}
    />
  );
}

/** The line between the latents of two held-out images, decoded. */
export function Between() {
  const images = between.value;
  return (
    <>
      <div class="row">
        <End label="From" which={0} />
        <End label="To" which={1} />
      </div>
      {waits.value && <p class="note">{waits}</p>}
      <div
        class="gallery line"
        role="img"
        aria-label={`Nine images between image ${ends.value[0] + 1} and image ${ends.value[1] + 1}`}
      >
        {Array.from({ length: STEPS_BETWEEN }, (_, i) => (
          <Tile key={`at ${i}`} image={images.length > 0 ? imageOf(images, i) : NO_IMAGE} />
        ))}
      </div>
      <Lesson equation="x_t = f⁻¹((1 − t) z₀ + t z₁)" docs="guide" about="encoding and decoding">
        {run.view.value ? "" : "No images yet.  "}The line connects the latents, not the pixels.
      </Lesson>
    </>
  );
}
