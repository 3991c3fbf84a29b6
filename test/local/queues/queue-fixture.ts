import type { QueueDeclaration } from '../../../local/declarations.ts';
import { Queue, type QueueWorld } from '../../../local/queues/queue.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';

/** A FIFO queue as the stack declares it, but for what a test sets. */
export function fifoDeclaration(overrides: Partial<QueueDeclaration> = {}): QueueDeclaration {
  const name = overrides.name ?? 'channel.fifo';
  return {
    logicalId: 'ChannelQueue1A2B3C4D',
    name,
    arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    url: `http://127.0.0.1:4000/000000000000/${name}`,
    fifo: true,
    contentBasedDeduplication: false,
    deduplicationScope: 'messageGroup',
    visibilityTimeoutMs: 30_000,
    delayMs: 0,
    retentionMs: 1_209_600_000,
    ...overrides,
  };
}

/** A standard queue, likewise. */
export const standardDeclaration = (overrides: Partial<QueueDeclaration> = {}): QueueDeclaration =>
  fifoDeclaration({
    logicalId: 'LaterQueue1A2B3C4D',
    name: 'later',
    fifo: false,
    deduplicationScope: 'queue',
    ...overrides,
  });

/** Ids that tell their order: `id1`, `id2`, … */
export function counter(): () => string {
  let count = 0;
  return () => `id${++count}`;
}

interface QueueFixture {
  readonly queue: Queue;
  readonly clock: FakeClock;
  /** Sends to a group; the deduplication id is the body, so each body once. */
  send(groupId: string, ...bodies: string[]): void;
  /** What a receive gives, as bodies. */
  bodies(max?: number): string[];
}

export function queueFixture(declaration = fifoDeclaration(), world: Partial<QueueWorld> = {}): QueueFixture {
  const clock = fakeClock();
  const queue = new Queue(declaration, { clock, id: counter(), ...world });
  return {
    queue,
    clock,
    send(groupId, ...bodies) {
      for (const body of bodies) {
        queue.send({ body, ...(declaration.fifo && { groupId, deduplicationId: body }) });
      }
    },
    bodies: (max = 10) => queue.receive({ max }).map(({ body }) => body),
  };
}
