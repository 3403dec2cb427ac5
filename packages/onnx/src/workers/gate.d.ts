/** How many calls are inside. */
export declare const INSIDE: number;

/** 1 when no further call may go in. */
export declare const CLOSED: number;
