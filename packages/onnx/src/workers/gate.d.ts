/** Number of active calls. */
export declare const INSIDE: number;

/** 1 if further calls are blocked. */
export declare const CLOSED: number;
