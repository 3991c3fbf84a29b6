/** What became of one invocation of a function. */
export type Invocation =
  | { readonly ok: true; readonly payload: unknown }
  /** As Lambda reports it: what the handler threw, `Runtime.ExitError`, or `Sandbox.Timedout`. */
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

/**
 * Invokes a function with one event and waits for its end; never rejects.
 * `source` says in the log where the event comes from: `ws $connect`, `sqs ChannelQueue ×3`.
 */
export type Invoke = (functionArn: string, event: unknown, source: string) => Promise<Invocation>;

/** Where the parts of the local server write what a person at the terminal should see. */
export interface Activity {
  /** One line: what happened. */
  note(line: string): void;
  /** Something is wrong that the person should act on. */
  warn(line: string): void;
  /** Only with `--verbose`. */
  detail(line: string): void;
}

/** Tells the time, and wakes. The local server's own is the system's; tests inject theirs. */
export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Calls back once, at or after `at` (ms since 1970). Answers how to cancel it. */
  at(at: number, callback: () => void): () => void;
}
