/** Lets messages in: the steps of an executor in this thread leave them no gap. */
export const yieldToEvents = (): Promise<void> => new Promise((done) => setTimeout(done));
