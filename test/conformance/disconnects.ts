import { expect } from 'vitest';
import { clientOf } from '../support/sdk-client.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { type Stage, untilTrue } from './stage.ts';

/** Has the server API end a user's connections, and again until it knows them. */
async function disconnect(stage: Stage, user: string, isDone: () => boolean, body: object = {}): Promise<void> {
  await untilTrue(async () => {
    await stage.api('disconnect', { user, ...body });
    const { result } = await stage.api('presence_stats', { channel: stage.channel() });
    return result !== undefined && isDone();
  });
}

/** The server ends a connection. */
export const disconnects: readonly Scenario[] = [
  ...[3000, 3499].map((code) =>
    scenario('sdk', `with ${code}: the client comes back, and has missed nothing`, async (stage) => {
      const channel = stage.channel();
      const user = stage.user('alice');
      const client = await stage.sdk(user);
      client.subscription(channel).subscribe();
      await client.next({ event: 'subscribed' });
      const why = { code, reason: 'come back' };
      await stage.api('disconnect', { user, client: clientOf(client), disconnect: why });
      expect(await client.next(({ event, subscription }) => event === 'connecting' && !subscription)).toBeDefined();
      await client.next({ ...why, event: 'connecting' });
      await stage.api('publish', { channel, data: 'meanwhile' });
      expect(await client.next({ event: 'publication' })).toMatchObject({ data: 'meanwhile', offset: 1 });
      expect(client.events.filter(({ event }) => event === 'disconnected')).toEqual([]);
    }),
  ),

  ...[3500, 3503, 3999].map((code) =>
    scenario('sdk', `with ${code}: the client stays away`, async (stage) => {
      const user = stage.user('alice');
      const client = await stage.sdk(user);
      const why = code === 3503 ? {} : { disconnect: { code, reason: 'stay away' } };
      await stage.api('disconnect', { user, client: clientOf(client), ...why });
      expect(await client.next({ event: 'disconnected' })).toMatchObject({
        code,
        reason: code === 3503 ? 'force disconnect' : 'stay away',
      });
      expect(client.centrifuge.state).toBe('disconnected');
      expect(client.sockets).toBe(1);
    }),
  ),

  scenario('plain', 'and says why before', async (stage) => {
    const user = stage.user('alice');
    const [client, other] = [await stage.plain(user), await stage.plain(stage.user('bob'))];
    let isClosed = false;
    void client.closed.then(() => {
      isClosed = true;
    });
    await disconnect(stage, user, () => isClosed, { disconnect: { code: 3011, reason: 'force reconnect' } });
    expect(client.documents.at(0)).toEqual({ type: 'disconnect', code: 3011, reason: 'force reconnect' });
    expect([1000, 1005]).toContain((await client.closed).code);
    expect(await other.ask({ action: 'ping', id: 'p' })).toMatchObject({ type: 'pong' });
  }),

  ...forBoth('of all connections of a user but those that may stay', async (stage, kind) => {
    const [user, channel] = [stage.user('alice'), stage.channel()];
    const staying = await stage.sdk(user);
    const [first, second] = [await stage.join(kind, user), await stage.join(kind, user)];
    for (const reader of [first, second]) await reader.subscribe(channel);
    await untilTrue(async () => {
      await stage.api('disconnect', { user, whitelist: [clientOf(staying)] });
      return (await stage.api('presence_stats', { channel })).result.num_clients === 0;
    });
    for (const reader of [first, second]) expect(await reader.untilDisconnected()).toBe(3503);
    staying.subscription(channel).subscribe();
    await staying.next({ event: 'subscribed', channel });
    expect(staying.sockets).toBe(1);
  }),

  scenario('sdk', 'where its token is said to be over: the client comes back with another', async (stage) => {
    const user = stage.user('alice');
    const client = await stage.sdk(user);
    await stage.api('refresh', { user, client: clientOf(client), expired: true });
    expect(await client.next({ event: 'connecting', code: 3005 })).toMatchObject({ reason: 'connection expired' });
    await client.next({ event: 'connected' });
  }),
];
