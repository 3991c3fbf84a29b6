import type { Clock } from './invocation.ts';

const LOOK_EVERY_MS = 500;

/**
 * Calls back when the process that started this one is gone. npm runs a script by a shell, passes it a SIGTERM, and
 * neither tells the script: it would be left behind.
 *
 * `parent` answers the parent's process id, which changes when that ends. Answers how to stop looking.
 */
export function whenStarterIsGone(clock: Clock, callback: () => void, parent = () => process.ppid): () => void {
  const starter = parent();
  let cancel = () => {};
  const look = () => {
    if (parent() !== starter) return callback();
    cancel = clock.at(clock.now() + LOOK_EVERY_MS, look);
  };
  look();
  return () => cancel();
}
