import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Pages wait, and others compute meanwhile. */
const PAGES = /apps\/playground\/test/;

/** Files that take long though they are short, the longest first: a law runs over the whole catalog, a command trains. */
const long = [
  /laws\/of-images|core\/test\/network-density/,
  /cli\/test\/(tables|one-model|table-|rows|commands|resume|export|score-kills|equal-bits|report)/,
  /laws\/of-|cli\/test\/(recipes|faults|process|compress|regression|posterior)/,
  /onnx\/test\/(laws|step-counts|worker-ends|export)|fuzz|test\/tooling|test\/bench/,
];
const rank = ({ moduleId }: TestSpecification): number =>
  (long.findIndex((each) => each.test(moduleId)) + long.length + 1) % (long.length + 1);

/** The order of vitest, by size without a record of earlier runs, but for files known to take long, and a page after two of them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) => {
      const own = sorted.filter((file) => file.project === project);
      const pages = own.filter(({ moduleId }) => PAGES.test(moduleId));
      const others = own.filter((file) => !pages.includes(file)).sort((a, b) => rank(a) - rank(b));
      return [...pages.flatMap((page) => [page, ...others.splice(0, 2)]), ...others];
    });
  }
}
