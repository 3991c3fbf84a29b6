import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import type { ChannelLog, Publication } from '../chat/ports.ts';
import { OLDEST, type Seq } from '../chat/seq.ts';
import { named } from './expressions.ts';
import { logPartition, offsetKey, storedRow } from './log-row.ts';

/** Rows in the first page of `rows`: what a batch asks for begins among the newest ten in most cases. */
const NEWEST_PAGE = 25;
/** Rows in a page, at most: with messages of 1 KB, about what a piece holds. */
const PAGE = 250;

/** Reads the messages of channels, consistently. What has expired and is not deleted yet is never seen. */
export function logReading(
  client: DynamoDBDocumentClient,
  TableName: string,
  queueName: string,
  now: () => number,
): Pick<ChannelLog, 'read' | 'rows'> {
  /**
   * The rows of an epoch from one offset to another, both included. Where the first page, of so many, was not enough, the
   * others are whole ones: what has expired stays for days, and must not be gone through row by row.
   */
  async function* rowsOf(
    channel: string,
    epoch: string,
    from: number,
    to: number,
    newestFirst: boolean,
    firstPage: number,
  ) {
    const query = {
      TableName,
      ...named({ KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to' }),
      ExpressionAttributeValues: {
        ':pk': logPartition(channel, epoch),
        ':from': offsetKey(from),
        ':to': offsetKey(to),
      },
      ScanIndexForward: !newestFirst,
      ConsistentRead: true,
    };
    let Limit = firstPage;
    let ExclusiveStartKey: QueryCommandOutput['LastEvaluatedKey'];
    do {
      const page = await client.send(new QueryCommand({ ...query, Limit, ExclusiveStartKey }));
      for (const item of page.Items ?? []) yield storedRow(queueName, epoch, item);
      ExclusiveStartKey = page.LastEvaluatedKey;
      Limit = PAGE;
    } while (ExclusiveStartKey !== undefined);
  }

  return {
    async read(channel, { epoch, after, upTo, newestFirst = false, most, bytes }) {
      const publications: Publication[] = [];
      if (upTo <= after) return { publications, reached: upTo };
      const seconds = now() / 1000;
      let size = 0;
      for await (const row of rowsOf(channel, epoch, after + 1, upTo, newestFirst, Math.min(most, PAGE))) {
        if (row.expiresAt <= seconds) continue;
        publications.push(row.publication);
        size += Buffer.byteLength(JSON.stringify(row.publication));
        if (publications.length >= most || size >= bytes)
          return { publications, reached: Number(row.publication.offset) };
      }
      return { publications, reached: newestFirst ? after + 1 : upTo };
    },

    async rows(channel, { epoch, offset }, since) {
      const seconds = now() / 1000;
      const found = new Map<Seq, Publication>();
      if (offset === 0) return found;
      for await (const { seq, publication, expiresAt } of rowsOf(channel, epoch, 1, offset, true, NEWEST_PAGE)) {
        if (seq === OLDEST || seq < since) return found;
        if (expiresAt > seconds) found.set(seq, publication);
      }
      return found;
    },
  };
}
