import { SQSClient } from '@aws-sdk/client-sqs';
import { sqsChannelQueue } from '../aws/sqs-channel-queue.ts';
import { sqsLaterQueue } from '../aws/sqs-later-queue.ts';
import { sqsParking } from '../aws/sqs-parking.ts';
import type { ChannelQueue, LaterQueue, Parking } from '../chat/ports.ts';
import { logger } from './observability.ts';
import { SERVICE_CALLS } from './service-calls.ts';
import { setting } from './settings.ts';
import { world } from './world.ts';

/** The client of the queues. */
export const sqs = new SQSClient(SERVICE_CALLS);

/** The queue of channels' events. */
export const channelQueue = (): ChannelQueue => sqsChannelQueue(sqs, setting('CHANNEL_QUEUE_URL'), { world, logger });

/** The delayed queue. */
export const laterQueue = (): LaterQueue => sqsLaterQueue(sqs, setting('LATER_QUEUE_URL'));

/** The dead-letter queue of channels' events. */
export const parking = (): Parking => sqsParking(sqs, setting('PARKED_QUEUE_URL'));
