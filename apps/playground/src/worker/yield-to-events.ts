/** Yields to messages: the steps of an executor in this thread leave no gap for them. */
export const yieldToEvents = (): Promise<void> => new Promise((done) => setTimeout(done));
