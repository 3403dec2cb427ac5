/**
 * A question of the page to a worker: its arguments, its result, and perhaps events that come before the result.
 */
export type Call<Args, Result, Event = never> = { args: Args; result: Result; event: Event };
