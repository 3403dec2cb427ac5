import { useSignal } from "@preact/signals";
import { Tile } from "../../ui/canvas.js";
import { Curve } from "../../ui/curve.js";
import { AboveUniform, decimals, Likelihood } from "../../ui/figures.js";
import { LedgerBars } from "../../ui/ledger-bars.js";
import { Lesson } from "../../ui/lesson.js";
import { moveFocus, Sheet } from "../../ui/sheet.js";
import { Command } from "./command.js";
import { Controls } from "./controls.js";
import "./images.css";
import { PAIRS, SAMPLES, TEMPERATURE } from "./config.js";
import { choose, chosen, imageOf, opened, run, shape } from "./state.js";

export { begin } from "./state.js";

type GalleryProps = { images: Uint8Array | undefined; name: string; count: number; label: string };

const NO_IMAGE = new Uint8Array();

/** Steps of an arrow key in a gallery with rows of eight. */
const MOVES: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -8,
  ArrowDown: 8,
};

/** Images side by side, one tab stop; a click shows the ledger of an image. */
function Gallery({ images, name, count, label }: GalleryProps) {
  const at = useSignal(0);
  const onKeyDown = moveFocus(MOVES, count, at);
  return (
    <fieldset class="gallery" onKeyDown={onKeyDown}>
      <legend class="hidden-text">{label}; the arrow keys move between them</legend>
      {Array.from({ length: count }, (_, i) => {
        const image = images ? imageOf(images, i) : NO_IMAGE;
        const title = `${name} ${i + 1}`;
        return (
          <button
            type="button"
            key={title}
            class="tile-button"
            aria-label={`Ledger of ${title}`}
            aria-pressed={chosen.value?.name === title}
            tabIndex={i === at.value ? 0 : -1}
            onClick={() => {
              at.value = i;
              void choose(title, image);
            }}
          >
            <Tile image={image} shape={shape.value} />
          </button>
        );
      })}
    </fieldset>
  );
}

function Ledger() {
  const lines = opened.value?.ledger ?? [];
  const of = chosen.value;
  const values = of ? of.ledger : run.view.value?.ledger;
  const total = values?.reduce((a, b) => a + b, 0);
  return (
    <>
      <LedgerBars
        bars={lines.map((line, i) => ({ ...line, value: values?.[i] }))}
        caption={`The ledger is log p as a sum: what each layer adds to ${of ? `log p of ${of.name}` : "the mean log p of held-out images"}, in nats.`}
      />
      <p class="total number">
        log p {opened.value?.likelihood === "exact" ? "=" : "≥"}{" "}
        <output id="images-log-prob">{decimals(total, 2)}</output> nats,{" "}
        <Likelihood of={opened.value?.likelihood ?? "bound"} />
      </p>
      {of && (
        <button
          type="button"
          onClick={() => {
            chosen.value = undefined;
          }}
        >
          Mean of the held-out images
        </button>
      )}
    </>
  );
}

export function Tab() {
  const view = run.view.value;
  return (
    <div class="board images">
      <Sheet name="training" title="Training" class="training">
        <Controls />
        <p class="total number">
          <output id="images-bpd">{decimals(view?.bitsPerDimension, 3)}</output> bits per dimension on
          held-out images
        </p>
        <AboveUniform bpd={view?.bitsPerDimension} />
        <Lesson
          equation="bits per dimension = −log p(x) / (n log 2)"
          docs="bits-per-dimension"
          about="bits per dimension"
        >
          Pixels are integers. Dequantization adds noise in [0, 1), which makes log p a bound. A uniform
          distribution has 8 bits per dimension.
        </Lesson>
      </Sheet>
      <div class="stack first">
        <Sheet name="samples" title="Samples">
          <Gallery images={view?.samples} name="sample" count={SAMPLES} label="Samples" />
          <Lesson
            equation="z ~ p_Z,  x = f⁻¹(z), dropped numbers sampled from q"
            docs="layers/linear"
            about="layers that narrow"
          >
            The samples come from the flow with the best likelihood of held-out images so far. Each layer that
            dropped numbers samples them again. All of this noise is scaled by {TEMPERATURE}, the temperature.
          </Lesson>
        </Sheet>
        <Sheet name="reconstructions" title="Reconstructions">
          <Gallery images={view?.originals} name="image" count={PAIRS} label="Held-out images" />
          <Gallery
            images={view?.reconstructions}
            name="reconstruction"
            count={PAIRS}
            label="Their reconstructions"
          />
          <Lesson equation="x ↦ z ↦ x̂, noise at its mean" docs="guide" about="flows from layers">
            Above: images that training never sees. Below: the same images decoded from their latents alone,
            which shows the information that the network keeps.
          </Lesson>
        </Sheet>
        <Sheet name="curve" title="Log-likelihood">
          <Curve
            label="Mean log p over training steps, of batches and of held-out images, in nats"
            curve={run.curve}
          />
        </Sheet>
      </div>
      <div class="stack more">
        <Sheet name="ledger" title="Ledger">
          <Ledger />
        </Sheet>
        <Sheet name="command" title="Runs of the command" class="stack">
          <Command />
        </Sheet>
      </div>
    </div>
  );
}
