import { type DynamoDBDocumentClient, paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { ConnectionIndex, SweptConnection } from '../chat/ports.ts';
import type { ConnectionItem } from './connection-item.ts';
import { named } from './expressions.ts';
import { tellingFaults } from './faults.ts';

/** Connections in a page: about a second's work. */
const PAGE = 1_000;
const PREFIX = 'CONN#';

/**
 * Finds connections by the two indexes of their table: `byUser` (user → key) and `byMinute` (minute → key, with what the
 * sweep needs). DynamoDB reads an index eventually consistently, and in no other way.
 */
export function dynamoConnectionIndex(
  client: DynamoDBDocumentClient,
  TableName: string,
  now: () => number = Date.now,
): ConnectionIndex {
  return tellingFaults<ConnectionIndex>({
    async ofUser(user) {
      if (user === '') return [];
      const query = {
        TableName,
        IndexName: 'byUser',
        ...named({ KeyConditionExpression: '#userKey = :user' }),
        ExpressionAttributeValues: { ':user': user },
      };
      const ids: string[] = [];
      for await (const { Items = [] } of paginateQuery({ client }, query)) {
        ids.push(...Items.map(({ pk }) => idOf(pk)));
      }
      return ids;
    },

    async madeIn(minute, after) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName,
          IndexName: 'byMinute',
          ...named({ KeyConditionExpression: '#minute = :minute' }),
          ExpressionAttributeValues: { ':minute': minute },
          Limit: PAGE,
          ...(after !== undefined && { ExclusiveStartKey: { minute, pk: `${PREFIX}${after}`, sk: 'CONN' } }),
        }),
      );
      const seconds = now() / 1000;
      const live = (Items as IndexItem[]).filter(({ expiresAt }) => expiresAt > seconds);
      const next = LastEvaluatedKey === undefined ? {} : { next: idOf(LastEvaluatedKey.pk) };
      return { connections: live.map(sweptConnection), ...next };
    },
  });
}

type IndexItem = Pick<ConnectionItem, 'format' | 'expires' | 'hasEnds' | 'expiresAt'> & { readonly pk: string };

const idOf = (pk: unknown): string => String(pk).slice(PREFIX.length);

const sweptConnection = ({ pk, format, expires, hasEnds }: IndexItem): SweptConnection => ({
  id: idOf(pk),
  format: format ?? 'json',
  ...(expires !== undefined && { expires }),
  hasEnds: hasEnds === true,
});
