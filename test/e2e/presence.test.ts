import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { putItems, storedItems } from '../support/stored-items.ts';

const FRAME_BYTES = 32 * 1024;

const parley = useParley();

/** Connects a reader of a channel, and waits until it is one. */
async function reader(user: string, channel: string): Promise<PlainClient> {
  const client = await parley.connect(user, { channels: [channel] });
  await client.next({ type: 'subscribed', channel });
  await standsBehind(client, channel);
  return client;
}

let sent = 0;

/** Resolves when all that was asked of the channel before is done: a message stands behind it, in the channel's order. */
async function standsBehind(client: PlainClient, channel: string): Promise<void> {
  const data = `behind ${++sent}`;
  client.send({ action: 'sendMessage', channel, data });
  await client.next({ type: 'message', data });
}

const presence = async (client: PlainClient, channel: string) =>
  (await client.ask({ action: 'presence', channel, id: `p${++sent}` })).members;

/** Who has come and gone, as a client was told. */
const movesOf = ({ documents }: PlainClient): Document[] =>
  documents.filter(({ type }) => type === 'join' || type === 'leave');

describe('presence', () => {
  it('is who reads the channel, by name, and how often', async () => {
    const carol = await reader('carol', 'who');
    for (const user of ['bob', 'alice', 'bob']) await reader(user, 'who');
    const reply = await carol.ask({ action: 'presence', channel: 'who', id: 'p1' });
    expect(reply).toEqual({
      type: 'presence',
      id: 'p1',
      channel: 'who',
      members: [
        { user: 'alice', connections: 1 },
        { user: 'bob', connections: 2 },
        { user: 'carol', connections: 1 },
      ],
    });
  });

  it.each<[string, (client: PlainClient) => unknown]>([
    ['closed', (client) => client.close()],
    ['killed', (client) => client.socket.terminate()],
    ['unsubscribed', (client) => client.ask({ action: 'unsubscribe', channel: 'unsubscribed', id: 'u1' })],
  ])('is right at once where a reader is %s', async (channel, leave) => {
    const alice = await reader('alice', channel);
    const bob = await reader('bob', channel);
    expect(await presence(alice, channel)).toEqual([
      { user: 'alice', connections: 1 },
      { user: 'bob', connections: 1 },
    ]);
    leave(bob);
    expect(await alice.next({ type: 'leave' })).toEqual({ type: 'leave', channel, user: 'bob' });
    await standsBehind(alice, channel);
    expect(await presence(alice, channel)).toEqual([{ user: 'alice', connections: 1 }]);
  });

  it('has no end at 200 members, nor at a frame', async () => {
    const alice = await reader('alice', 'crowd');
    const [own] = await storedItems(parley.served, 'Connections', 'SUB#crowd#0');
    const users = Array.from({ length: 1_500 }, (_, i) => `member-${String(i).padStart(4, '0')}`);
    // (nobody is behind these connections: as cut ones they are sent nothing)
    await putItems(
      parley.served,
      'Connections',
      users.map((user) => ({ ...own, sk: `connection-of-${user}`, user, cut: true })),
    );
    const members: Document[] = [];
    for (let after: unknown, id = 1; id === 1 || after !== undefined; id++) {
      const page = await alice.ask({ action: 'presence', channel: 'crowd', id: `c${id}`, after });
      expect((page.members as Document[]).length).toBeGreaterThan(200);
      members.push(...(page.members as Document[]));
      after = page.next;
    }
    expect(members).toEqual(['alice', ...users].map((user) => ({ user, connections: 1 })));
    for (const frame of alice.frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_BYTES);
  });

  it('does not know whose time is over', async () => {
    const alice = await reader('alice', 'over');
    const [own] = await storedItems(parley.served, 'Connections', 'SUB#over#0');
    const expiresAt = Math.floor(Date.now() / 1000) - 1;
    await putItems(parley.served, 'Connections', [{ ...own, sk: 'of-bob', user: 'bob', cut: true, expiresAt }]);
    expect(await presence(alice, 'over')).toEqual([{ user: 'alice', connections: 1 }]);
  });

  it('is not for who does not read the channel', async () => {
    const carol = await parley.connect('carol');
    const asked = { action: 'presence', channel: 'who', id: 'p1' };
    expect(await carol.ask(asked)).toMatchObject({ type: 'error', channel: 'who', code: 'permission_denied' });
  });
});

describe('joins and leaves', () => {
  it('are told of users: of the first connection to come, and the last to go', async () => {
    const alice = await reader('alice', 'users');
    const first = await reader('bob', 'users');
    const second = await reader('bob', 'users');
    await standsBehind(alice, 'users');
    expect(movesOf(alice)).toEqual([{ type: 'join', channel: 'users', user: 'bob' }]);

    const from = parley.lines.length;
    await first.close();
    await parley.line(/^ws \$disconnect → Disconnect/, from);
    await standsBehind(alice, 'users');
    expect(movesOf(alice)).toHaveLength(1);
    second.socket.terminate();
    await alice.next({ type: 'leave' });
    expect(movesOf(alice).slice(1)).toEqual([{ type: 'leave', channel: 'users', user: 'bob' }]);
    expect(movesOf(first)).toEqual([]);
    expect(movesOf(second)).toEqual([]);
  });

  it('are told in the channel’s order, and not of who was there before', async () => {
    const alice = await reader('alice', 'order');
    const bob = await reader('bob', 'order');
    const carol = await reader('carol', 'order');
    await standsBehind(alice, 'order');
    await bob.ask({ action: 'unsubscribe', channel: 'order', id: 'u1' });
    await standsBehind(alice, 'order');
    const told = (client: PlainClient) =>
      client.documents
        .filter(({ type }) => type !== 'ack')
        .map(({ type, user, data }) => (type === 'message' ? `${user}: ${data}` : [type, user].join(' ').trim()));
    expect(movesOf(carol)).toEqual([{ type: 'leave', channel: 'order', user: 'bob' }]);
    expect(movesOf(bob)).toEqual([{ type: 'join', channel: 'order', user: 'carol' }]);
    // a message comes between those that it was accepted between
    expect(told(alice).map((line) => line.replace(/behind \d+/, '…'))).toEqual([
      'subscribed',
      'alice: …',
      'join bob',
      'bob: …',
      'join carol',
      'carol: …',
      'alice: …',
      'leave bob',
      'alice: …',
    ]);
  });

  it('of many who come at once are told of each, once', async () => {
    const alice = await reader('alice', 'many');
    const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
    const clients = await Promise.all(users.map((user) => parley.connect(user, { channels: ['many'] })));
    await alice.until(() => movesOf(alice).length === users.length, '20 joins');
    for (const { socket } of clients) socket.terminate();
    await alice.until(() => movesOf(alice).length === 2 * users.length, '20 leaves');
    await standsBehind(alice, 'many');
    const told = (kind: string) => movesOf(alice).flatMap(({ type, user }) => (type === kind ? [user] : []));
    for (const kind of ['join', 'leave']) expect(told(kind).toSorted()).toEqual(users.toSorted());
  });

  it('are not told above a hundred readers', async () => {
    const alice = await reader('alice', 'mass');
    const [own] = await storedItems(parley.served, 'Connections', 'SUB#mass#0');
    await putItems(
      parley.served,
      'Connections',
      Array.from({ length: 100 }, (_, i) => ({ ...own, sk: `connection-${i}`, user: `user-${i}`, cut: true })),
    );
    const bob = await reader('bob', 'mass');
    await bob.ask({ action: 'unsubscribe', channel: 'mass', id: 'u1' });
    await standsBehind(alice, 'mass');
    expect(movesOf(alice)).toEqual([]);
    expect(await presence(alice, 'mass')).toHaveLength(101);
  });
});
