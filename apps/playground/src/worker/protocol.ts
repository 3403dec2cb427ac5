import type { imagesHandlers } from "../tabs/images/handlers.js";
import type { networkHandlers } from "../tabs/network/handlers.js";
import type { planeHandlers } from "../tabs/plane/handlers.js";
import type { posteriorHandlers } from "../tabs/posterior/handlers.js";
import type { tableHandlers } from "../tabs/table/handlers.js";
import type { CallContext } from "./messages.js";

/** What page and workers say to each other: the handlers of the tabs, each in its `handlers.ts`, are all calls that there are. */
type Calls = typeof planeHandlers &
  typeof tableHandlers &
  typeof imagesHandlers &
  typeof networkHandlers &
  typeof posteriorHandlers;
export type CallName = keyof Calls;
export type Args<N extends CallName> =
  Parameters<Calls[N]> extends readonly [infer First, ...unknown[]] ? First : object;
export type Result<N extends CallName> = Awaited<ReturnType<Calls[N]>>;
/** What a call tells before its result. */
export type EventOf<N extends CallName> = Calls[N] extends (
  args: never,
  context: CallContext<infer Event>,
) => unknown
  ? Event
  : never;
