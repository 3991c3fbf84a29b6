import type { Clock } from '../invocation.ts';
import type { ReceivedMessage } from './message.ts';
import type { Queue } from './queue.ts';

/**
 * Receives, and where there is nothing waits for it up to `waitMs`; then, or when `signal` is aborted, answers none.
 * Nothing is received after the abort: a message that nobody takes would stay hidden.
 */
export function receiveOrWait(
  queue: Queue,
  options: Parameters<Queue['receive']>[0],
  { clock, waitMs, signal }: { readonly clock: Clock; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<ReceivedMessage[]> {
  return new Promise((resolve, reject) => {
    const messages = queue.receive(options);
    if (messages.length > 0 || waitMs === 0 || signal.aborted) {
      resolve(messages);
      return;
    }
    const finish = (step: () => void): void => {
      stopWaiting();
      cancelTimer();
      signal.removeEventListener('abort', giveUp);
      step();
    };
    const giveUp = (): void => finish(() => resolve([]));
    const attempt = (): void => {
      try {
        const found = queue.receive(options);
        if (found.length > 0) finish(() => resolve(found));
        else stopWaiting = queue.whenReceivable(attempt);
      } catch (error) {
        finish(() => reject(error));
      }
    };
    let stopWaiting = queue.whenReceivable(attempt);
    const cancelTimer = clock.at(clock.now() + waitMs, giveUp);
    signal.addEventListener('abort', giveUp);
  });
}
