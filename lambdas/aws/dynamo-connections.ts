import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { expiryOf } from '../chat/connection-life.ts';
import { Unavailable } from '../chat/errors.ts';
import type { Capability, Connection, Connections, Identity } from '../chat/ports.ts';
import { assignments, made, named, valuesOf } from './expressions.ts';
import { tellingFaults } from './faults.ts';
import { fromJsonAttribute, jsonAttribute } from './json-attribute.ts';

/** Names that one expression takes with ease: it may have 4 KB and 300 operators. */
const NAMES_AT_ONCE = 128;
/** Writers of one record are the frames of one client, so this many in a row do not happen. */
const ATTEMPTS = 30;

/** A record as the table keeps it; older versions may have written less. */
interface ConnectionItem {
  readonly id: string;
  readonly user: string;
  readonly expires?: number;
  readonly info?: string;
  readonly caps?: string;
  readonly connectedAt: number;
  readonly channels?: Readonly<Record<string, string>>;
  /** Counts the changes of `channels`. */
  readonly changes?: number;
  readonly expiresAt: number;
}

/**
 * Keeps connections as `CONN#<id>` / `CONN` items, which DynamoDB expires 10 minutes after API Gateway's 2 hours.
 * In `channels` each name has a `#` before it: `__proto__` is a valid channel, and as a key it would be lost on the way.
 */
export function dynamoConnections(
  client: DynamoDBDocumentClient,
  TableName: string,
  now: () => number = Date.now,
): Connections {
  const recordOf = (id: string) => ({ TableName, Key: { pk: `CONN#${id}`, sk: 'CONN' } });
  const seconds = () => Math.floor(now() / 1000);

  async function live(id: string): Promise<ConnectionItem | undefined> {
    const { Item } = await client.send(new GetCommand({ ...recordOf(id), ConsistentRead: true }));
    const item = Item as ConnectionItem | undefined;
    return item && item.expiresAt > seconds() ? item : undefined;
  }

  /** In most cases there is room for all names, whether they are new or not: one write and no reading. */
  function noteAsNew(id: string, requests: Map<string, string>, capacity: number): Promise<boolean> {
    if (requests.size > Math.min(capacity, NAMES_AT_ONCE)) return Promise.resolve(false);
    const names = Object.fromEntries([...requests.keys()].map((key, i) => [`#c${i}`, key]));
    const tokens = Object.fromEntries([...requests.values()].map((token, i) => [`c${i}`, token]));
    const places = Object.keys(tokens).map((c) => `#channels.#${c} = :${c}`);
    const update = new UpdateCommand({
      ...recordOf(id),
      ...named(
        {
          UpdateExpression: `SET ${places.join(', ')}, #changes = if_not_exists(#changes, :zero) + :one`,
          ConditionExpression: '#expiresAt > :now AND size(#channels) <= :room',
        },
        names,
      ),
      ExpressionAttributeValues: valuesOf({
        ...tokens,
        zero: 0,
        one: 1,
        now: seconds(),
        room: capacity - requests.size,
      }),
    });
    return made(client.send(update));
  }

  /** Writes the names as they are to be, if nothing has changed since they were read. */
  function replaceNames(id: string, item: ConnectionItem, channels: Record<string, string>): Promise<boolean> {
    const asRead = item.changes === undefined ? 'attribute_not_exists(#changes)' : '#changes = :read';
    const update = new UpdateCommand({
      ...recordOf(id),
      ...named({
        UpdateExpression: 'SET #channels = :channels, #changes = :changes',
        ConditionExpression: `#expiresAt > :now AND ${asRead}`,
      }),
      ExpressionAttributeValues: valuesOf({
        channels,
        changes: (item.changes ?? 0) + 1,
        now: seconds(),
        ...(item.changes !== undefined && { read: item.changes }),
      }),
    });
    return made(client.send(update));
  }

  return tellingFaults<Connections>({
    async create(connection) {
      const { id, user, connectedAt } = connection;
      const expiresAt = expiryOf(connection);
      const channels = Object.fromEntries(keysOf(connection.channels));
      const item: ConnectionItem = { id, user, connectedAt, channels, expiresAt, ...grantsOf(connection) };
      await client.send(new PutCommand({ TableName, Item: { ...recordOf(id).Key, ...item } }));
    },

    async read(id) {
      const item = await live(id);
      return item && connectionOf(id, item);
    },

    async note(id, requests, capacity) {
      const wanted = keysOf(requests);
      if (await noteAsNew(id, wanted, capacity)) return 'noted';
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const item = await live(id);
        if (item === undefined) return 'gone';
        const before = Object.entries(item.channels ?? {});
        const after = new Map([...before, ...wanted]);
        // a record that is beyond a lowered capacity may still change the names that it has
        if (after.size > capacity && after.size > before.length) return 'full';
        if (await replaceNames(id, item, Object.fromEntries(after))) return 'noted';
      }
      throw new Unavailable(`note: the record of ${id} has not been still`);
    },

    async forget(id, channel, token) {
      const update = new UpdateCommand({
        ...recordOf(id),
        ...named(
          {
            UpdateExpression: 'REMOVE #channels.#channel SET #changes = if_not_exists(#changes, :zero) + :one',
            ConditionExpression: '#channels.#channel = :token',
          },
          { '#channel': keyOf(channel) },
        ),
        ExpressionAttributeValues: valuesOf({ token, zero: 0, one: 1 }),
      });
      await made(client.send(update));
    },

    async refresh(id, identity) {
      const grants = grantsOf(identity);
      const lacking = ['expires', 'info', 'caps'].filter((name) => !(name in grants));
      const parts = [
        ...(lacking.length < 3 ? [`SET ${assignments(grants)}`] : []),
        ...(lacking.length > 0 ? [`REMOVE ${lacking.map((name) => `#${name}`).join(', ')}`] : []),
      ];
      const update = new UpdateCommand({
        ...recordOf(id),
        ...named({ UpdateExpression: parts.join(' '), ConditionExpression: '#expiresAt > :now' }),
        ExpressionAttributeValues: valuesOf({ ...grants, now: seconds() }),
      });
      return made(client.send(update));
    },

    async remove(id) {
      await client.send(new DeleteCommand(recordOf(id)));
    },
  });
}

const keyOf = (channel: string): string => `#${channel}`;

const keysOf = (channels: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(Object.entries(channels).map(([channel, token]) => [keyOf(channel), token]));

/** What a token says, as the record keeps it. */
const grantsOf = ({ expires, info, caps }: Identity): Pick<ConnectionItem, 'expires' | 'info' | 'caps'> => ({
  ...(expires !== undefined && { expires }),
  ...jsonAttribute('info', info),
  ...jsonAttribute('caps', caps),
});

function connectionOf(id: string, item: ConnectionItem): Connection {
  // without a prototype: `constructor` is a valid channel, too, and must not be found where nobody has named it
  const channels: Record<string, string> = Object.create(null);
  for (const [key, token] of Object.entries(item.channels ?? {})) channels[key.slice(1)] = token;
  return {
    id,
    user: item.user,
    connectedAt: item.connectedAt,
    channels,
    ...(item.expires !== undefined && { expires: item.expires }),
    ...fromJsonAttribute<'info', unknown>('info', item.info),
    ...fromJsonAttribute<'caps', readonly Capability[]>('caps', item.caps),
  };
}
