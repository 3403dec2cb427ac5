declare module "virtual:snippets" {
  /** The examples of the documents that run in a browser, by their names. */
  export const snippets: Readonly<Record<string, () => Promise<unknown>>>;
}
