import { describe, expect, it } from 'vitest';
import { withoutGrant, withVariables } from '../support/changed-template.ts';
import { logOf } from '../support/client-log.ts';
import { type TestParley, useParley } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';
import { storedItems, storedReaders } from '../support/stored-items.ts';

/** How long a table may take to say what it should. Only spent where a test fails. */
const PATIENCE = { timeout: 20_000, interval: 20 };

type Three<T> = readonly [alice: T, bob: T, carol: T];

/** Alice, Bob and Carol, readers of one channel. */
async function joined(parley: TestParley, channel: string): Promise<Three<PlainClient>> {
  const join = async (user: string) => {
    const client = await parley.connect(user, { channels: [channel] });
    await client.next({ type: 'subscribed', channel });
    return client;
  };
  return Promise.all([join('alice'), join('bob'), join('carol')]);
}

/** Publishes messages in this order: a frame of them, a document each. Resolves when all are acknowledged. */
async function publish(from: PlainClient, channel: string, messages: readonly unknown[]): Promise<void> {
  const sent = messages.map((data, i) => ({ action: 'sendMessage', channel, data, id: `${channel}-${i}` }));
  from.send(...sent);
  await Promise.all(sent.map(({ id }) => from.next({ type: 'ack', id })));
}

/** Resolves when the client has so many messages of the channel, and answers what is in them. */
async function dataOf(client: PlainClient, channel: string, count: number): Promise<unknown[]> {
  await client.until(() => logOf(client, channel).length >= count, `${count} messages of ${channel}`);
  return logOf(client, channel).map(({ data }) => data);
}

/** Resolves when nothing is kept of a connection that was a reader of this channel. */
async function forgotten({ served }: TestParley, channel: string, connection: string): Promise<void> {
  await expect
    .poll(async () => [...(await storedReaders(served, channel)).values()], PATIENCE)
    .not.toContain(connection);
  await expect.poll(() => storedItems(served, 'Connections', `CONN#${connection}`), PATIENCE).toEqual([]);
}

async function connectionOf({ served }: TestParley, channel: string, user: string): Promise<string> {
  // the row is written after the client was told
  await expect.poll(() => storedReaders(served, channel), PATIENCE).toHaveProperty('size', 3);
  const connection = (await storedReaders(served, channel)).get(user) ?? '';
  expect(await storedItems(served, 'Connections', `CONN#${connection}`)).toHaveLength(1);
  return connection;
}

const NUMBERS = Array.from({ length: 20 }, (_, i) => i);

describe('a stack', () => {
  // what waits for a client that does not read is soon too much
  const parley = useParley({ gateway: { bufferLimitBytes: 64 * 1024 } });

  it('forgets a reader that has vanished without a close, and the others miss nothing', async () => {
    const [alice, bob, carol] = await joined(parley, 'fair');
    const connection = await connectionOf(parley, 'fair', 'carol');
    const published = publish(alice, 'fair', NUMBERS);
    carol.socket.terminate();
    await published;
    for (const client of [alice, bob]) expect(await dataOf(client, 'fair', NUMBERS.length)).toEqual(NUMBERS);
    await forgotten(parley, 'fair', connection);
    expect([...(await storedReaders(parley.served, 'fair')).keys()].sort()).toEqual(['alice', 'bob']);
  });

  it('ends a reader that never reads, and the others miss nothing', async () => {
    const [alice, bob, carol] = await joined(parley, 'flood');
    const connection = await connectionOf(parley, 'flood', 'carol');
    carol.socket.pause();
    const before = parley.lines.length;
    const isGivenUp = () => parley.lines.slice(before).some((line) => line.startsWith('sqs LaterQueue'));
    // until all that lies between is full: how much that takes is the machine's affair
    const messages: string[] = [];
    while (!isGivenUp()) {
      expect(messages.length, 'messages of 30 KB that a reader need not read').toBeLessThan(2_000);
      messages.push(`${messages.length}`.padEnd(30_000));
      await alice.ask({ action: 'sendMessage', channel: 'flood', data: messages.at(-1), id: `m${messages.length}` });
    }
    for (const client of [alice, bob]) expect(await dataOf(client, 'flood', messages.length)).toEqual(messages);
    await forgotten(parley, 'flood', connection);
    // what it finds when it reads at last: no message after one that it missed
    carol.socket.resume();
    await carol.closed;
    expect(logOf(carol, 'flood').length).toBeLessThan(messages.length);
  });

  it('takes the sender’s name from the token, whatever the frame says', async () => {
    const [alice] = await joined(parley, 'names');
    alice.send({
      action: 'sendMessage',
      channel: 'names',
      data: 'it is me',
      user: 'bob',
      sender: 'bob',
      connection: 'c1',
      time: 1,
    });
    const message = await alice.next({ type: 'message' });
    expect(message).toMatchObject({ user: 'alice', data: 'it is me' });
    expect(Object.keys(message).sort()).toEqual(['channel', 'data', 'epoch', 'id', 'offset', 'time', 'type', 'user']);
    expect(message.time).toBeGreaterThan(1);
  });
});

describe('a stack that is never told of a disconnect', () => {
  const parley = useParley({ changeTemplate: (template) => withoutGrant(template, 'Disconnect', () => true) });

  it('forgets a reader at the next post to it, and the publish succeeds', async () => {
    const [alice, bob, carol] = await joined(parley, 'fair');
    const connection = await connectionOf(parley, 'fair', 'carol');
    carol.socket.terminate();
    await parley.line(/→ Disconnect .*AccessDenied/);
    expect((await storedReaders(parley.served, 'fair')).get('carol')).toBe(connection);
    await publish(alice, 'fair', NUMBERS);
    for (const client of [alice, bob]) expect(await dataOf(client, 'fair', NUMBERS.length)).toEqual(NUMBERS);
    await forgotten(parley, 'fair', connection);
    expect([...(await storedReaders(parley.served, 'fair')).keys()].sort()).toEqual(['alice', 'bob']);
  });
});

describe('a stack whose functions fail', () => {
  const parley = useParley({
    changeTemplate: (template) =>
      withVariables(
        withoutGrant(template, 'SendMessage', (action) => action === 'sqs:SendMessage'),
        'Commands',
        {
          CONNECTIONS_TABLE: undefined,
        },
      ),
  });

  it('tells the client that the request failed and its id, and the terminal which call was denied', async () => {
    const [alice] = await joined(parley, 'general');
    const message = { action: 'sendMessage', channel: 'general', data: 'hello', id: 'm1' };
    expect(await alice.ask(message)).toEqual({
      type: 'error',
      id: 'm1',
      channel: 'general',
      code: 'internal',
      message: expect.stringMatching(/^internal error, request [\w=-]+$/),
    });
    const { functions, queues } = parley.served.stack;
    const role = functions.find(({ logicalId }) => logicalId === 'SendMessage')?.name;
    const arn = queues.find(({ logicalId }) => logicalId === 'ChannelQueue')?.arn;
    const denied = `assumed-role/${role}/${role} is not authorized to perform: sqs:SendMessage on resource: ${arn}`;
    expect(parley.lines.filter((line) => line.startsWith('AccessDeniedException')).join('\n')).toContain(denied);
  });

  it('says nothing of the inside where a function cannot even start', async () => {
    const alice = await parley.connect('alice');
    alice.send({ action: 'ping', id: 'p1' });
    expect(await alice.next(() => true)).toEqual({
      message: 'Internal server error',
      connectionId: expect.stringMatching(/^[\w=-]+$/),
      requestId: expect.stringMatching(/^[\w=-]+$/),
    });
    expect(await parley.line(/→ Commands .*CONNECTIONS_TABLE/)).toContain('Commands');
  });
});
