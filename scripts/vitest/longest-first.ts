import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take long though they are short, the longest first: pages wait, a law runs over the whole catalog. */
const long = [
  /apps\/playground\/test/,
  /laws\/of-(images|vectors)/,
  /laws\/of-/,
  /onnx\/test\/(laws|step-counts)/,
  /cli\/test\/(one-model|rows|commands|recipes|table-reasons|equal-bits)/,
];

/** The order of vitest, by size without a record of earlier runs, but for files known to take long: these begin. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((each) => each.test(moduleId));
      return at < 0 ? long.length : at;
    };
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) =>
      sorted.filter((file) => file.project === project).sort((a, b) => rank(a) - rank(b)),
    );
  }
}
