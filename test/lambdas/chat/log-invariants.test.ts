import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivered } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import type { ChannelLog } from '../../../lambdas/chat/ports.ts';
import { OLDEST } from '../../../lambdas/chat/seq.ts';
import { inHand, leaseOf, type MemoryChat, memoryChat, publishEvent, readerOf } from '../../support/memory-chat.ts';

/** A worker whose every call of the log waits until it is let through, or never is. */
interface Worker {
  /** The call that it waits for. */
  pending: (() => Promise<void>) | undefined;
  /** What it has handed back; undefined as long as it is at work. */
  failed: readonly Delivered[] | undefined;
  readonly batch: readonly Delivered[];
}

/** What is visible of the channel: the ids up to the head's offset, by epoch. */
type Shown = Map<string, (string | undefined)[]>;

/** It is only spent where the machine has much else to do. */
const PATIENCE_MS = 60_000;

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function startWorker(chat: MemoryChat, batch: readonly Delivered[]): Worker {
  const worker: Worker = { pending: undefined, failed: undefined, batch };
  const log = new Proxy(chat.log, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          worker.pending = async () => {
            worker.pending = undefined;
            await method.apply(target, args).then(resolve, reject);
          };
        });
    },
  }) as ChannelLog;
  void deliver({ ...chat, log }, batch, leaseOf(chat)).then((failed) => {
    worker.failed = failed;
  });
  return worker;
}

function shown(chat: MemoryChat): Shown {
  const head = chat.log.heads.get('general');
  if (!head) return new Map();
  const rows = chat.log.logs.get(`general ${head.epoch}`);
  return new Map([[head.epoch, Array.from({ length: head.offset }, (_, i) => rows?.get(i + 1)?.publication.id)]]);
}

/**
 * Lets workers take hold of the channel as `schedule` says: any of them makes its next step, dies, or a new one takes
 * the events that nobody has finished, also while others are still at it. Then one worker finishes all.
 */
async function explore(messages: readonly { readonly ephemeral: boolean }[], schedule: readonly number[]) {
  const chat = memoryChat();
  await chat.subscriptions.put('general', readerOf('r1'));
  const events = messages.map(({ ephemeral }, i) =>
    inHand(i + 1, publishEvent(`m${i + 1}`, ephemeral ? { ephemeral } : {})),
  );
  const done = new Set<string>();
  const workers: Worker[] = [];
  const before: Shown = new Map();

  const take = (most: number) => {
    const open = events.filter(({ seq }) => !done.has(seq)).slice(0, most);
    if (open.length > 0)
      workers.push(
        startWorker(
          chat,
          open.map((item) => ({ ...item, receives: 2 })),
        ),
      );
  };
  const observe = () => {
    for (const { failed, batch } of workers) {
      if (failed) for (const { seq } of batch) if (!failed.some((item) => item.seq === seq)) done.add(seq);
    }
    for (const [epoch, ids] of shown(chat)) {
      // what a reader may have seen never becomes another message, and there is no hole
      expect(ids).not.toContain(undefined);
      expect(ids.slice(0, before.get(epoch)?.length ?? 0)).toEqual(before.get(epoch) ?? []);
      before.set(epoch, ids);
    }
  };

  for (const step of schedule) {
    const waiting = workers.filter(({ pending }) => pending);
    const chosen = waiting[step % (waiting.length || 1)];
    if (step % 10 === 0) take(1 + (step % 4));
    else if (step % 17 === 0 && chosen) workers.splice(workers.indexOf(chosen), 1);
    else await chosen?.pending?.();
    await settled();
    observe();
  }
  while (done.size < events.length) {
    workers.length = 0;
    take(10);
    for (const worker of workers) {
      for (let steps = 0; worker.failed === undefined && steps < 200; steps++) {
        await worker.pending?.();
        await settled();
      }
    }
    observe();
  }
  return { chat, events };
}

describe('the log of a channel', () => {
  const message = fc.record({ ephemeral: fc.boolean() });
  const messages = fc.array(message, { minLength: 1, maxLength: 7 });
  const schedule = fc.array(fc.nat(999), { maxLength: 60, size: 'max' });

  it(
    'holds every message once and in order, without a hole, whoever dies or is overtaken',
    async () => {
      await fc.assert(
        fc.asyncProperty(messages, schedule, async (all, steps) => {
          const { chat, events } = await explore(all, steps);
          const [ids] = [...shown(chat).values()];
          const kept = events.filter(({ event }) => !event.ephemeral).map(({ event }) => event.id);
          expect(ids).toEqual(kept);
        }),
        { numRuns: 200 },
      );
    },
    PATIENCE_MS,
  );

  it(
    'is what a reader was shown: each place once or more, always the same message, and none left out',
    async () => {
      await fc.assert(
        fc.asyncProperty(messages, schedule, async (all, steps) => {
          const { chat } = await explore(all, steps);
          const [ids = []] = [...shown(chat).values()];
          let position = 0;
          for (const { offset, id } of chat.posts.told('r1')) {
            if (typeof offset !== 'number') continue;
            expect(id).toBe(ids[offset - 1]);
            expect(offset).toBeLessThanOrEqual(position + 1);
            position = Math.max(position, offset);
          }
          expect(position).toBe(ids.length);
          expect(chat.log.heads.get('general')?.suspect ?? OLDEST).toBe(OLDEST);
        }),
        { numRuns: 200 },
      );
    },
    PATIENCE_MS,
  );
});
