import { type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Unavailable } from '../chat/errors.ts';
import type { ChannelQueue, Logger, Outgoing, World } from '../chat/ports.ts';
import { isFault, tellingFaults } from './faults.ts';
import { sqsBacklog } from './sqs-backlog.ts';
import { batchesOf, type FifoEntry } from './sqs-batches.ts';
import { messageGroupOf, messageText } from './sqs-message.ts';

/** How often a message is sent that the queue refuses alone; the SDK's own retries are for whole calls. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 50;

/** What became of the messages of one call, by `Id`. */
interface Outcome {
  readonly durable: Set<string>;
  /** What is wrong with a message by our own mistake: it is not sent again. */
  readonly hopeless: Map<string, Error>;
}

/** What the channel queue needs of its surroundings. */
export interface ChannelQueueSurroundings {
  readonly world: Pick<World, 'now' | 'sleep' | 'random' | 'id'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Sends channels' events to the FIFO queue: the group is a hash of the channel, the deduplication id the given one or a
 * random one, which stays the same however often the message is sent.
 */
export function sqsChannelQueue(
  client: SQSClient,
  QueueUrl: string,
  { world, logger }: ChannelQueueSurroundings,
): ChannelQueue {
  const entryOf = ({ event, deduplicationId }: Outgoing, i: number): FifoEntry => ({
    Id: String(i),
    MessageBody: messageText(event),
    MessageGroupId: messageGroupOf(event.channel),
    MessageDeduplicationId: deduplicationId ?? world.id(),
  });

  /** Sends a batch until all of it is durable or nothing can be done. */
  async function deliver(batch: readonly FifoEntry[], outcome: Outcome): Promise<void> {
    let open = batch;
    for (let attempt = 0; open.length > 0 && attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await world.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1) * (1 + world.random()));
      const sent = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [...open] }));
      for (const { Id } of sent.Successful ?? []) outcome.durable.add(String(Id));
      for (const refusal of sent.Failed ?? []) note(refusal, outcome);
      open = open.filter((entry, i) => {
        if (outcome.durable.has(entry.Id) || outcome.hopeless.has(entry.Id)) return false;
        // behind a later one of its channel it would be out of order
        return !open.slice(i + 1).some((e) => e.MessageGroupId === entry.MessageGroupId && outcome.durable.has(e.Id));
      });
    }
  }

  function note({ Id, Code, Message, SenderFault }: BatchResultErrorEntry, outcome: Outcome): void {
    logger.warn('the channel queue refused an event', { code: Code, senderFault: SenderFault });
    const error = Object.assign(new Error(Message), { name: String(Code) });
    if (SenderFault && !isFault(error)) outcome.hopeless.set(String(Id), error);
  }

  return tellingFaults<ChannelQueue>({
    async send(events) {
      const entries = events.map(entryOf);
      const outcome: Outcome = { durable: new Set(), hopeless: new Map() };
      try {
        // one after the other, since a channel may have events in several
        for (const batch of batchesOf(entries)) await deliver(batch, outcome);
      } catch (error) {
        if (outcome.durable.size === 0 || !isFault(error)) throw error;
        logger.warn('the channel queue took a part of the events', { error: error.name, taken: outcome.durable.size });
      }
      const [bug] = outcome.hopeless.values();
      if (outcome.durable.size === 0 && entries.length > 0) {
        throw bug ?? new Unavailable('the channel queue took none of the events');
      }
      return entries.map(({ Id }) => outcome.durable.has(Id));
    },

    waiting: sqsBacklog(client, QueueUrl, world.now, logger),
  });
}
