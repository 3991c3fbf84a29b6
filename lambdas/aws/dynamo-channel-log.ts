import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Overtaken, Unavailable } from '../chat/errors.ts';
import type { ChannelLog, Claim } from '../chat/ports.ts';
import { later, OLDEST, type Seq, storedSeq } from '../chat/seq.ts';
import { type HeadItem, hasEnded, headOf, trialItem } from './channel-head.ts';
import { logReading } from './dynamo-log-reading.ts';
import { randomEpoch } from './epoch.ts';
import { assignments, made, named, valuesOf } from './expressions.ts';
import { tellingFaults } from './faults.ts';
import { logPartition, logRowItem } from './log-row.ts';

/** How often a claim is tried where another comes between; leases see to it that this does not happen. */
const CLAIMS = 20;

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
    const { epoch, offset, removed } = old;
    const place = hasEnded(TableName, item, claim.now)
      ? { epoch: newEpoch(), offset: 0, removed: 0 }
      : { epoch, offset, removed };
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
      if (item === undefined) return undefined;
      const ended = hasEnded(TableName, item, now());
      return { ...headOf(queueName, item), ...(ended && { epoch: '', offset: 0, removed: 0 }) };
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
        const Item = { pk: logPartition(channel, epoch), ...logRowItem(queueName, row, turn, expiresAt) };
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
      await inTurn(channel, turn, { epoch, offset: 0, removed: 0 });
      return epoch;
    },

    suspect(channel, turn, seq) {
      return inTurn(channel, turn, { suspect: stored(seq) });
    },

    trial(channel, turn, trial) {
      return inTurn(channel, turn, { trial: trialItem(queueName, trial) });
    },

    removeHistory(channel, turn, offset) {
      return inTurn(channel, turn, { removed: offset });
    },

    ...logReading(client, TableName, queueName, now),
  });
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

const expiryOf = (claim: Claim, ttl: number): number => secondsOf(claim.now) + ttl;
