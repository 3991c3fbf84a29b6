import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { sqsLease } from './aws/sqs-lease.ts';
import { type ChannelEvent, type Delivered, EVENT_VERSION } from './chat/channel-event.ts';
import { deliver } from './chat/deliver.ts';
import { seqOf } from './chat/seq.ts';
import { formats } from './runtime/formats.ts';
import { logger, metrics } from './runtime/observability.ts';
import { posts } from './runtime/posts.ts';
import { channelQueue, laterQueue, parking, sqs } from './runtime/queues.ts';
import { namespaces, numberSetting, setting } from './runtime/settings.ts';
import { channelLog, connections, subscriptions } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';

const chat = {
  log: channelLog(),
  subscriptions: subscriptions(),
  connections: connections(),
  queue: channelQueue(),
  later: laterQueue(),
  parking: parking(),
  posts: posts(),
  formats,
  joinLeaveReaders: numberSetting('JOIN_LEAVE_READERS'),
  namespaces: namespaces(),
  world,
  logger,
  metrics,
};
const queueUrl = setting('CHANNEL_QUEUE_URL');
const visibilityMs = numberSetting('VISIBILITY_TIMEOUT') * 1000;

/** Handles channels' events, in the order in which the queue took them. */
export const handler = serving(async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const records = new Map(Records.map((record) => [eventOf(record), record]));
  const timeoutMs = context.getRemainingTimeInMillis();
  const killedAt = world.now() + timeoutMs;
  const lease = sqsLease(sqs, queueUrl, { records, visibilityMs, timeoutMs, killedAt, now: world.now });
  const failed = await deliver(chat, [...records.keys()], lease);
  return { batchItemFailures: failed.map((item) => ({ itemIdentifier: String(records.get(item)?.messageId) })) };
});

function eventOf({ body, attributes }: SQSRecord): Delivered {
  const { SequenceNumber = '', ApproximateReceiveCount, MessageGroupId = '' } = attributes;
  return { event: parsed(body, MessageGroupId), seq: seqOf(SequenceNumber), receives: Number(ApproximateReceiveCount) };
}

/** What is no event at all is one that nobody can handle, of a channel of its own: it takes the way of all others. */
function parsed(body: string, group: string): ChannelEvent {
  try {
    const event = JSON.parse(body);
    if (typeof event?.channel === 'string' && typeof event.v === 'number') return event;
  } catch {
    logger.error('an event is not JSON', { group });
  }
  return { v: EVENT_VERSION, type: 'unreadable', channel: group, body } as unknown as ChannelEvent;
}
