import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { Unavailable } from '../chat/errors.ts';
import type { Connections } from '../chat/ports.ts';
import { endingParts, endsOf, type Requests } from './connection-ends.ts';
import {
  type ConnectionItem,
  connectionItem,
  connectionOf,
  endAttribute,
  IDENTITY_ATTRIBUTES,
  identityAttributes,
  keyOf,
} from './connection-item.ts';
import { assignments, made, named, valuesOf } from './expressions.ts';
import { tellingFaults } from './faults.ts';

/** Names that one expression takes with ease: it may have 4 KB and 300 operators. */
const NAMES_AT_ONCE = 128;
/** Writers of one record are the frames of one client, so this many in a row do not happen. */
const ATTEMPTS = 30;

/** Keeps connections as `CONN#<id>` / `CONN` items, which DynamoDB expires 10 minutes after API Gateway's 2 hours. */
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
  function noteAsNew(id: string, requests: Requests, capacity: number): Promise<boolean> {
    const ends = endsOf(requests);
    if (requests.length > capacity || requests.length + ends.places.length > NAMES_AT_ONCE)
      return Promise.resolve(false);
    const places = requests.map((_, i) => `#channels.#c${i} = :c${i}`);
    const update = new UpdateCommand({
      ...recordOf(id),
      ...named(
        {
          UpdateExpression: `SET ${[...places, ...ends.places].join(', ')}, #changes = if_not_exists(#changes, :zero) + :one`,
          ConditionExpression: '#expiresAt > :now AND size(#channels) <= :room',
        },
        { ...Object.fromEntries(requests.map(([channel], i) => [`#c${i}`, keyOf(channel)])), ...ends.names },
      ),
      ExpressionAttributeValues: valuesOf({
        ...Object.fromEntries(requests.map(([, { token }], i) => [`c${i}`, token])),
        ...ends.values,
        zero: 0,
        one: 1,
        now: seconds(),
        room: capacity - requests.length,
      }),
    });
    return made(client.send(update));
  }

  /** Writes the names as they are to be, with the ends of these, if nothing has changed since they were read. */
  function replaceNames(
    id: string,
    item: ConnectionItem,
    channels: Record<string, string>,
    requests: Requests,
  ): Promise<boolean> {
    const asRead = item.changes === undefined ? 'attribute_not_exists(#changes)' : '#changes = :read';
    const ends = endsOf(requests);
    const places = ['#channels = :channels', '#changes = :changes', ...ends.places];
    const update = new UpdateCommand({
      ...recordOf(id),
      ...named(
        { UpdateExpression: `SET ${places.join(', ')}`, ConditionExpression: `#expiresAt > :now AND ${asRead}` },
        ends.names,
      ),
      ExpressionAttributeValues: valuesOf({
        channels,
        ...ends.values,
        changes: (item.changes ?? 0) + 1,
        now: seconds(),
        ...(item.changes !== undefined && { read: item.changes }),
      }),
    });
    return made(client.send(update));
  }

  /** Writes what one expression had no place for. */
  function addEnds(id: string, requests: Requests): Promise<boolean> {
    const { places, names, values } = endsOf(requests);
    const update = new UpdateCommand({
      ...recordOf(id),
      ...named({ UpdateExpression: `SET ${places.join(', ')}`, ConditionExpression: '#expiresAt > :now' }, names),
      ExpressionAttributeValues: valuesOf({ ...values, now: seconds() }),
    });
    return made(client.send(update));
  }

  return tellingFaults<Connections>({
    async create(connection) {
      await client.send(
        new PutCommand({ TableName, Item: { ...recordOf(connection.id).Key, ...connectionItem(connection) } }),
      );
    },

    async read(id) {
      const item = await live(id);
      return item && connectionOf(id, item);
    },

    async note(id, requests, capacity) {
      const wanted = Object.entries(requests);
      if (await noteAsNew(id, wanted, capacity)) return 'noted';
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const item = await live(id);
        if (item === undefined) return 'gone';
        const before = Object.entries(item.channels ?? {});
        const after = new Map([...before, ...wanted.map(([channel, { token }]) => [keyOf(channel), token] as const)]);
        // a record that is beyond a lowered capacity may still change the names that it has
        if (after.size > capacity && after.size > before.length) return 'full';
        const [first = [], ...others] = endingParts(wanted, NAMES_AT_ONCE);
        if (!(await replaceNames(id, item, Object.fromEntries(after), first))) continue;
        // nothing is asked of the channels before all is noted, so a crash between leaves no subscription without its end
        for (const part of others) if (!(await addEnds(id, part))) return 'gone';
        return 'noted';
      }
      throw new Unavailable(`note: the record of ${id} has not been still`);
    },

    async forget(id, channel, token) {
      const update = new UpdateCommand({
        ...recordOf(id),
        ...named(
          {
            UpdateExpression: 'REMOVE #channels.#channel, #end SET #changes = if_not_exists(#changes, :zero) + :one',
            ConditionExpression: '#channels.#channel = :token',
          },
          { '#channel': keyOf(channel), '#end': endAttribute(channel) },
        ),
        ExpressionAttributeValues: valuesOf({ token, zero: 0, one: 1 }),
      });
      await made(client.send(update));
    },

    async refresh(id, identity, format) {
      const grants = { ...identityAttributes(identity), ...(format !== undefined && { format }) };
      const lacking = IDENTITY_ATTRIBUTES.filter((name) => !(name in grants));
      const removed = lacking.length > 0 ? ` REMOVE ${lacking.map((name) => `#${name}`).join(', ')}` : '';
      const update = new UpdateCommand({
        ...recordOf(id),
        ...named({
          UpdateExpression: `SET ${assignments(grants)}${removed}`,
          ConditionExpression: '#expiresAt > :now',
        }),
        ExpressionAttributeValues: valuesOf({ ...grants, now: seconds() }),
      });
      return made(client.send(update));
    },

    async extend(id, channel, token, expires) {
      const ends = endsOf([[channel, { token, ...(expires !== undefined && { expires }) }]]);
      const update = new UpdateCommand({
        ...recordOf(id),
        ...named(
          {
            UpdateExpression: ends.places.length > 0 ? `SET ${ends.places.join(', ')}` : 'REMOVE #end',
            ConditionExpression: '#expiresAt > :now AND #channels.#channel = :token',
          },
          { '#channel': keyOf(channel), '#end': endAttribute(channel), ...ends.names },
        ),
        ExpressionAttributeValues: valuesOf({ token, now: seconds(), ...ends.values }),
      });
      return made(client.send(update));
    },

    async remove(id) {
      await client.send(new DeleteCommand(recordOf(id)));
    },
  });
}
