import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Census } from '../chat/ports.ts';
import { named } from './expressions.ts';
import { tellingFaults } from './faults.ts';

const SUBSCRIPTION = /^SUB#(.+)#\d+$/s;

/** Counts by a Scan of the whole table: half a read unit for 4 KB of items, about twenty of them. */
export function dynamoCensus(client: DynamoDBDocumentClient, TableName: string, now: () => number = Date.now): Census {
  return tellingFaults<Census>({
    async count() {
      const scan = { TableName, ...named({ ProjectionExpression: '#pk, #user, #expiresAt' }) };
      const channels = new Map<string, number>();
      const users = new Set<string>();
      let connections = 0;
      for await (const { Items = [] } of paginateScan({ client }, scan)) {
        for (const { pk, user, expiresAt } of Items) {
          if (expiresAt <= now() / 1000) continue;
          const channel = SUBSCRIPTION.exec(pk)?.[1];
          if (channel === undefined) {
            connections++;
            users.add(user);
          } else {
            channels.set(channel, (channels.get(channel) ?? 0) + 1);
          }
        }
      }
      return { channels, connections, users: users.size };
    },
  });
}
