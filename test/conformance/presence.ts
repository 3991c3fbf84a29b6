import { expect } from 'vitest';
import { clientOf, type SdkClient, type SdkEvent } from '../support/sdk-client.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { type Stage, untilTrue } from './stage.ts';

/** An SDK client that reads a channel and is told who comes and goes. */
async function watcher(stage: Stage, user: string, channel: string): Promise<SdkClient> {
  const client = await stage.sdk(user);
  client.subscription(channel, { joinLeave: true }).subscribe();
  await client.next({ event: 'subscribed', channel });
  return client;
}

/** Who is there, and who comes and goes. */
export const presence: readonly Scenario[] = [
  ...forBoth('says who reads the channel, with each connection counted', async (stage, kind) => {
    const channel = stage.channel();
    const [alice, again, bob] = [
      await stage.join(kind, 'alice'),
      await stage.join(kind, 'alice'),
      await stage.join(kind, 'bob'),
    ];
    for (const reader of [alice, again, bob]) await reader.subscribe(channel);
    const all = new Map([
      ['alice', 2],
      ['bob', 1],
    ]);
    expect(await bob.presence(channel)).toEqual(all);
    await again.unsubscribe(channel);
    expect(await bob.presence(channel)).toEqual(new Map([...all, ['alice', 1]]));
    await alice.close();
    await untilTrue(async () => (await bob.presence(channel)).size === 1);
    expect(await bob.presence(channel)).toEqual(new Map([['bob', 1]]));
  }),

  ...forBoth('forgets a connection whose TCP connection was killed', async (stage, kind) => {
    const channel = stage.channel();
    const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
    for (const reader of [alice, bob]) await reader.subscribe(channel);
    await alice.kill();
    await untilTrue(async () => (await bob.presence(channel)).size === 1);
    expect(await bob.presence(channel)).toEqual(new Map([['bob', 1]]));
    await alice.comeBack();
    expect((await bob.presence(channel)).get('alice')).toBe(1);
  }),

  scenario('sdk', 'says of each connection who it is, and counts them', async (stage) => {
    const channel = stage.channel();
    const alice = await stage.sdk('alice', { claims: { info: { name: 'Alice' } } });
    const bob = await stage.sdk('bob');
    for (const client of [alice, bob]) {
      client.subscription(channel).subscribe();
      await client.next({ event: 'subscribed', channel });
    }
    const { clients } = await alice.centrifuge.presence(channel);
    expect(Object.keys(clients)).toHaveLength(2);
    expect(clients).toMatchObject({
      [String(clientOf(alice))]: { client: clientOf(alice), user: 'alice', connInfo: { name: 'Alice' } },
      [String(clientOf(bob))]: { client: clientOf(bob), user: 'bob' },
    });
    expect(await bob.centrifuge.presenceStats(channel)).toEqual({ numClients: 2, numUsers: 2 });
  }),

  scenario('server API', 'is the server’s to ask for', async (stage) => {
    const channel = stage.channel();
    const user = stage.user('alice');
    for (const kind of ['plain', 'sdk'] as const) await (await stage.join(kind, user)).subscribe(channel);
    expect(await stage.api('presence_stats', { channel })).toEqual({ result: { num_clients: 2, num_users: 1 } });
    const { result } = await stage.api('presence', { channel });
    expect(Object.entries<object>(result.presence)).toEqual([
      [expect.any(String), expect.objectContaining({ user })],
      [expect.any(String), expect.objectContaining({ user })],
    ]);
    const { result: known } = await stage.api('channels', { pattern: channel });
    expect(known).toEqual({ channels: { [channel]: { num_clients: 2 } } });
  }),

  scenario('plain', 'tells of a user’s first connection that comes, and of its last that goes', async (stage) => {
    const channel = stage.channel();
    const alice = await stage.plain('alice');
    await alice.ask({ action: 'subscribe', channel, id: 's' });
    const [first, second] = [await stage.join('plain', 'bob'), await stage.join('plain', 'bob')];
    await first.subscribe(channel);
    expect(await alice.next({ type: 'join' })).toEqual({ type: 'join', channel, user: 'bob' });
    await second.subscribe(channel);
    await first.close();
    const bobs = async () => {
      const { members } = await alice.ask({ action: 'presence', channel, id: `p${alice.documents.length}` });
      return (members as { user: string; connections: number }[]).find(({ user }) => user === 'bob')?.connections;
    };
    await untilTrue(async () => (await bobs()) === 1);
    await second.publish(channel, 'still here');
    await alice.next({ type: 'message' });
    await second.close();
    expect(await alice.next({ type: 'leave' })).toEqual({ type: 'leave', channel, user: 'bob' });
    expect(alice.documents.map(({ type }) => type).filter((type) => type === 'join' || type === 'leave')).toEqual([
      'join',
      'leave',
    ]);
  }),

  scenario('sdk', 'tells of each connection that comes and goes, the own one’s coming too', async (stage) => {
    const channel = stage.channel();
    const alice = await watcher(stage, 'alice', channel);
    expect(await alice.next({ event: 'join' })).toMatchObject({ channel, info: { client: clientOf(alice) } });
    const bobs = [await watcher(stage, 'bob', channel), await watcher(stage, 'bob', channel)];
    for (const bob of bobs) {
      expect(await alice.next({ event: 'join' })).toMatchObject({ info: { user: 'bob', client: clientOf(bob) } });
    }
    for (const bob of bobs) {
      await bob.close();
      expect(await alice.next({ event: 'leave' })).toMatchObject({ info: { user: 'bob', client: clientOf(bob) } });
    }
  }),

  scenario('sdk', 'tells of nobody to who has not asked for it', async (stage) => {
    const channel = stage.channel();
    const [alice, bob] = [await stage.join('sdk', 'alice'), await watcher(stage, 'bob', channel)];
    const quiet = await stage.sdk('carol');
    quiet.subscription(channel).subscribe();
    await quiet.next({ event: 'subscribed' });
    await alice.subscribe(channel);
    await bob.next(({ event, info }) => event === 'join' && (info as { user: string }).user === 'alice');
    await alice.publish(channel, 'hi');
    await quiet.next({ event: 'publication' });
    expect(quiet.events.filter(({ event }) => event === 'join')).toEqual([]);
  }),

  scenario(
    'plain and sdk',
    'tells plain readers of the SDK’s users, and the SDK of plain connections',
    async (stage) => {
      const channel = stage.channel();
      const alice = await stage.plain('alice');
      await alice.ask({ action: 'subscribe', channel, id: 's' });
      const bob = await watcher(stage, 'bob', channel);
      expect(await alice.next({ type: 'join' })).toEqual({ type: 'join', channel, user: 'bob' });
      const carol = await stage.join('plain', 'carol');
      await carol.subscribe(channel);
      const isCarols = ({ info }: SdkEvent) => (info as { user: string } | undefined)?.user === 'carol';
      expect(await bob.next((event) => event.event === 'join' && isCarols(event))).toMatchObject({ channel });
      await carol.unsubscribe(channel);
      expect(await bob.next((event) => event.event === 'leave' && isCarols(event))).toMatchObject({ channel });
      await bob.close();
      expect(await alice.next({ type: 'leave', user: 'bob' })).toEqual({ type: 'leave', channel, user: 'bob' });
    },
  ),

  scenario('plain', 'comes in pages where it is more than a frame holds', async (stage) => {
    const channel = stage.channel();
    const long = 'u'.repeat(500);
    const users = Array.from({ length: 66 }, (_, i) => `${String(i).padStart(2, '0')}-${long}`);
    const readers = await Promise.all(users.map((user) => stage.plain(user, { query: { channels: channel } })));
    await Promise.all(readers.map((reader) => reader.next({ type: 'subscribed' })));
    const [reader] = readers;
    const pages: unknown[] = [];
    for (let after: unknown, page = 1; page === 1 || after !== undefined; page++) {
      const reply = await reader?.ask({ action: 'presence', channel, id: `p${page}`, ...(after ? { after } : {}) });
      const members = reply?.members as { user: string }[];
      expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThanOrEqual(32 * 1024);
      pages.push(...members.map(({ user }) => user));
      after = reply?.next;
    }
    expect(pages).toEqual(users);
  }),
];
