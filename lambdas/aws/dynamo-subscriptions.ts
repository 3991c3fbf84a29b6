import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { FormatName } from '../chat/channel-event.ts';
import type { Position, Subscription, Subscriptions } from '../chat/ports.ts';
import { seqFrom, storedSeq } from '../chat/seq.ts';
import { made, named } from './expressions.ts';
import { tellingFaults } from './faults.ts';
import { fromJsonAttribute, jsonAttribute } from './json-attribute.ts';

/** A row as the table keeps it; older versions may have written less. */
interface SubscriptionItem {
  readonly sk: string;
  readonly user: string;
  readonly info?: string;
  readonly channelInfo?: string;
  readonly format?: FormatName;
  readonly token: string;
  readonly seq?: string;
  readonly from?: Position;
  readonly at?: number;
  readonly joinLeave?: true;
  readonly cut?: true;
  readonly expiresAt: number;
}

/**
 * Keeps readers as `SUB#<channel>#0` / `<connectionId>` items, which DynamoDB expires; `0` is the shard, so far the
 * only one. `queueName` is the channel queue's, whose numbers the rows hold.
 */
export function dynamoSubscriptions(
  client: DynamoDBDocumentClient,
  TableName: string,
  queueName: string,
  now: () => number = Date.now,
): Subscriptions {
  const partition = (channel: string) => `SUB#${channel}#0`;
  const rowOf = (channel: string, connection: string) => ({
    TableName,
    Key: { pk: partition(channel), sk: connection },
  });

  return tellingFaults<Subscriptions>({
    async of(channel) {
      const pages = paginateQuery(
        { client },
        {
          TableName,
          ...named({ KeyConditionExpression: '#pk = :pk' }),
          ExpressionAttributeValues: { ':pk': partition(channel) },
          // a new reader must not miss the message that follows its subscribe
          ConsistentRead: true,
        },
      );
      const seconds = now() / 1000;
      const readers: Subscription[] = [];
      // a page can be empty of live rows and still not be the last
      for await (const { Items = [] } of pages) {
        const live = (Items as SubscriptionItem[]).filter((item) => item.expiresAt > seconds);
        readers.push(...live.map((item) => subscriptionOf(queueName, item)));
      }
      return readers;
    },

    async find(channel, connection) {
      const { Item } = await client.send(new GetCommand({ ...rowOf(channel, connection), ConsistentRead: true }));
      const item = Item as SubscriptionItem | undefined;
      return item && item.expiresAt > now() / 1000 ? subscriptionOf(queueName, item) : undefined;
    },

    async put(channel, { connection, info, channelInfo, seq, ...rest }) {
      const { Key } = rowOf(channel, connection);
      const infos = { ...jsonAttribute('info', info), ...jsonAttribute('channelInfo', channelInfo) };
      const Item = { ...Key, ...rest, ...infos, seq: storedSeq(queueName, seq) };
      await client.send(new PutCommand({ TableName, Item }));
    },

    async cut(channel, connection) {
      const update = new UpdateCommand({
        ...rowOf(channel, connection),
        ...named({ UpdateExpression: 'SET #cut = :true', ConditionExpression: 'attribute_exists(#pk)' }),
        ExpressionAttributeValues: { ':true': true },
      });
      await made(client.send(update));
    },

    async remove(channel, connection) {
      await client.send(new DeleteCommand(rowOf(channel, connection)));
    },
  });
}

function subscriptionOf(queueName: string, item: SubscriptionItem): Subscription {
  return {
    connection: item.sk,
    user: item.user,
    ...fromJsonAttribute<'info', unknown>('info', item.info),
    ...fromJsonAttribute<'channelInfo', unknown>('channelInfo', item.channelInfo),
    format: item.format ?? 'json',
    token: item.token,
    seq: seqFrom(queueName, item.seq),
    // of no epoch: the reader is cut, and recovers
    from: item.from ?? { epoch: '', offset: 0 },
    ...(item.at !== undefined && { at: item.at }),
    ...(item.joinLeave && { joinLeave: true }),
    ...(item.cut && { cut: true }),
    expiresAt: item.expiresAt,
  };
}
