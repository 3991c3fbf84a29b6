/** What the server tells a function's process. One event at a time: the next only after the answer to the last. */
export interface EventMessage {
  readonly requestId: string;
  /** JSON. */
  readonly event: string;
  /** ms since 1970; the process is killed then. */
  readonly deadline: number;
  readonly functionArn: string;
}

/** An error as Lambda reports one. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The lines of the stack. */
  readonly trace: readonly string[];
}

/** What a function's process tells the server. */
export type ProcessMessage =
  /** The handler is loaded, events may come. */
  | { readonly type: 'ready' }
  /** What the handler returned, as JSON. */
  | { readonly type: 'result'; readonly payload: string }
  /** The event failed; before `ready`: the handler could not be loaded. `fatal`: the process ends itself now. */
  | { readonly type: 'error'; readonly error: FunctionError; readonly fatal: boolean };

/** The line that a process writes to stdout and stderr at the end of an event, so that log and event can be told apart. */
export function endOfLog(requestId: string): string {
  return `\0end ${requestId}`;
}
