import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { Overtaken, Unavailable } from '../chat/errors.ts';
import type { ChannelLog, Claim, Publication } from '../chat/ports.ts';
import { later, OLDEST, type Seq, storedSeq } from '../chat/seq.ts';
import { type HeadItem, headOf, trialItem } from './channel-head.ts';
import { randomEpoch } from './epoch.ts';
import { assignments, made, named, valuesOf } from './expressions.ts';
import { tellingFaults } from './faults.ts';
import { logRowItem, offsetKey, storedRow } from './log-row.ts';

/** How often a claim is tried where another comes between; leases see to it that this does not happen. */
const CLAIMS = 20;
/** Rows in a page: what a batch asks for begins among the newest ten in most cases. */
const PAGE = 25;

/** Time and chance. */
export interface ChannelLogOptions {
  /** ms since 1970. */
  readonly now?: () => number;
  /** A new epoch; URL-safe, and never the same for one channel. */
  readonly epoch?: () => string;
}

/**
 * Keeps a channel's head as `CHAN#<channel>` / `HEAD` and its messages as `LOG#<channel>#<epoch>` / offset.
 * `queueName` is the channel queue's, whose numbers the items hold; those of another are read as `OLDEST`.
 */
export function dynamoChannelLog(
  client: DynamoDBDocumentClient,
  TableName: string,
  queueName: string,
  { now = Date.now, epoch: newEpoch = randomEpoch }: ChannelLogOptions = {},
): ChannelLog {
  const headKey = (channel: string) => ({ TableName, Key: { pk: `CHAN#${channel}`, sk: 'HEAD' } });
  const partition = (channel: string, epoch: string) => `LOG#${channel}#${epoch}`;
  const stored = (seq: Seq) => storedSeq(queueName, seq);

  async function headItem(channel: string): Promise<Partial<HeadItem> | undefined> {
    const { Item } = await client.send(new GetCommand({ ...headKey(channel), ConsistentRead: true }));
    return Item;
  }

  /**
   * The claim of a channel that is in use, in one write. Undefined where the head is not as it is in most cases.
   * (A number of another queue may compare either way: replaced here or in `claimAsRead`, it counts for nothing.)
   */
  async function claimInUse(channel: string, claim: Claim): Promise<Partial<HeadItem> | undefined> {
    const { claimed, now: claimedAt, ttl } = claim;
    const update = new UpdateCommand({
      ...headKey(channel),
      ...named({
        UpdateExpression:
          'SET #turn = #turn + :one, #claimed = :claimed, #claimedAt = :claimedAt, #expiresAt = :expiresAt',
        ConditionExpression: '#table = :table AND #expiresAt > :seconds AND #claimed <= :claimed',
      }),
      ExpressionAttributeValues: valuesOf({
        one: 1,
        claimed: stored(claimed),
        claimedAt,
        expiresAt: expiryOf(claim, ttl),
        table: TableName,
        seconds: secondsOf(claimedAt),
      }),
      ReturnValues: 'ALL_OLD',
    });
    let old: Partial<HeadItem> | undefined;
    const write = client.send(update).then(({ Attributes }) => {
      old = Attributes;
    });
    return (await made(write)) ? old : undefined;
  }

  /** The claim of any head, and of none: read, decided and written if nobody came between. Undefined where somebody did. */
  async function claimAsRead(channel: string, claim: Claim) {
    const item = await headItem(channel);
    const old = headOf(queueName, item ?? {});
    const ended = item?.table !== TableName || (item.expiresAt ?? 0) <= secondsOf(claim.now);
    const place = ended ? { epoch: newEpoch(), offset: 0 } : { epoch: old.epoch, offset: old.offset };
    const changes = {
      table: TableName,
      ...place,
      turn: old.turn + 1,
      last: stored(old.last),
      claimed: stored(later(old.claimed, claim.claimed)),
      claimedAt: claim.now,
      suspect: stored(later(old.suspect, claim.suspect)),
      trial: trialItem(queueName, old.trial),
      expiresAt: expiryOf(claim, claim.ttl),
    };
    const unread = item?.turn === undefined;
    const update = new UpdateCommand({
      ...headKey(channel),
      ...named({
        UpdateExpression: `SET ${assignments(changes)}`,
        ConditionExpression: unread ? 'attribute_not_exists(#turn)' : '#turn = :before',
      }),
      ExpressionAttributeValues: valuesOf({ ...changes, ...(!unread && { before: item.turn }) }),
    });
    return (await made(client.send(update))) ? { ...old, ...place, turn: changes.turn } : undefined;
  }

  /** Changes the head in this turn. */
  async function inTurn(channel: string, turn: number, changes: Partial<HeadItem>): Promise<void> {
    const update = new UpdateCommand({
      ...headKey(channel),
      ...named({ UpdateExpression: `SET ${assignments(changes)}`, ConditionExpression: '#turn = :turn' }),
      ExpressionAttributeValues: valuesOf({ ...changes, turn }),
    });
    if (!(await made(client.send(update)))) throw new Overtaken(`turn ${turn} is over`);
  }

  return tellingFaults<ChannelLog>({
    async peek(channel) {
      const item = await headItem(channel);
      return item && headOf(queueName, item);
    },

    async claim(channel, claim) {
      const old = claim.suspect === OLDEST ? await claimInUse(channel, claim) : undefined;
      if (old) {
        const head = headOf(queueName, old);
        return { ...head, turn: head.turn + 1 };
      }
      for (let attempt = 0; attempt < CLAIMS; attempt++) {
        const head = await claimAsRead(channel, claim);
        if (head) return head;
      }
      throw new Unavailable('others claim the channel at the same time');
    },

    async append(channel, epoch, turn, rows, expiresAt) {
      const writes = rows.map((row) => {
        const Item = { pk: partition(channel, epoch), ...logRowItem(queueName, row, turn, expiresAt) };
        const put = new PutCommand({
          TableName,
          Item,
          // what an overtaken worker has still on its way must not replace what a later one wrote
          ...named({ ConditionExpression: 'attribute_not_exists(#pk) OR #turn <= :turn' }),
          ExpressionAttributeValues: { ':turn': turn },
        });
        return made(client.send(put));
      });
      // all of them, so that nothing is on its way any more when this has failed
      const ends = await Promise.allSettled(writes);
      if (ends.some((end) => end.status === 'fulfilled' && !end.value)) throw new Overtaken(`turn ${turn} is over`);
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },

    release(channel, turn) {
      return inTurn(channel, turn, { claimed: stored(OLDEST) });
    },

    advance(channel, turn, { offset, last }) {
      return inTurn(channel, turn, { offset, last: stored(last) });
    },

    async renew(channel, turn) {
      const epoch = newEpoch();
      await inTurn(channel, turn, { epoch, offset: 0 });
      return epoch;
    },

    suspect(channel, turn, seq) {
      return inTurn(channel, turn, { suspect: stored(seq) });
    },

    trial(channel, turn, trial) {
      return inTurn(channel, turn, { trial: trialItem(queueName, trial) });
    },

    async rows(channel, { epoch, offset }, since) {
      const pages = paginateQuery(
        { client, pageSize: PAGE },
        {
          TableName,
          ...named({ KeyConditionExpression: '#pk = :pk AND #sk <= :newest' }),
          ExpressionAttributeValues: { ':pk': partition(channel, epoch), ':newest': offsetKey(offset) },
          ScanIndexForward: false,
          ConsistentRead: true,
        },
      );
      const seconds = now() / 1000;
      const found = new Map<Seq, Publication>();
      for await (const { Items = [] } of pages) {
        for (const item of Items) {
          const { seq, publication, expiresAt } = storedRow(queueName, epoch, item);
          if (seq === OLDEST || seq < since) return found;
          if (expiresAt > seconds) found.set(seq, publication);
        }
      }
      return found;
    },
  });
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

const expiryOf = (claim: Claim, ttl: number): number => secondsOf(claim.now) + ttl;
