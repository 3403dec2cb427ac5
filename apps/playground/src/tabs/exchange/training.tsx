import { DIGITS } from "../../ui/digits-file.js";
import { DropZone } from "../../ui/drop-zone.js";
import { NumberField } from "../../ui/number-field.js";
import { wordsOf } from "../../ui/problem.js";
import { TrainedNote } from "../../ui/trained-note.js";
import { change, choosePictures, config, images, problem, progress, train, trained } from "./state.js";

/** Further training on the digits of the page or on the user's pictures. */
export function Training() {
  const { value: chosen } = images;
  const { value: busy } = progress;
  const { steps } = config.value;
  return (
    <div class="sheet stack">
      <h2>Train further</h2>
      <DropZone
        label="Choose pictures"
        accept="image/*"
        multiple
        folder="Choose a folder of pictures"
        disabled={busy !== undefined}
        onFiles={(files) => void choosePictures(files)}
        onProblem={(error) => {
          problem.value = wordsOf(error);
        }}
      >
        <p>
          {chosen?.name === "mnist"
            ? `On the first ${DIGITS.train} training digits of MNIST, measured on the first ${DIGITS.test} test digits; or drop your own pictures.`
            : "On your own pictures: drop them here."}
        </p>
      </DropZone>
      <div class="row">
        <NumberField
          label="Steps"
          value={steps}
          min={1}
          max={10_000}
          onValue={(value) => change({ steps: value })}
        />
        <button
          type="button"
          class="main"
          disabled={busy !== undefined || !chosen}
          onClick={() => void train()}
        >
          Train
        </button>
        {busy?.bpd !== undefined && (
          <p class="number">{busy.bpd.toFixed(3)} bits per dimension on the last batch</p>
        )}
      </div>
      <TrainedNote trained={trained.value} />
    </div>
  );
}
