import { expect } from 'vitest';
import type { SdkOptions } from '../support/sdk-client.ts';
import { type Scenario, scenario } from './scenario.ts';
import { type Stage, shortTtl, untilOver } from './stage.ts';

/** SDK options that fetch tokens which are good for so many seconds each, and the list of those that were fetched. */
function fetching(stage: Stage, user: string, ttls: readonly number[]) {
  const fetched: string[] = [];
  const getToken: SdkOptions['getToken'] = async () => {
    const token = await stage.token(user, { ttl: ttls[Math.min(fetched.length, ttls.length - 1)] ?? 3600 });
    fetched.push(token);
    return token;
  };
  return { fetched, getToken };
}

/** Who somebody is, for how long. */
export const tokens: readonly Scenario[] = [
  scenario('sdk', 'is refreshed by getToken, again and again, over one connection', async (stage) => {
    const channel = stage.channel();
    const ttl = shortTtl(stage);
    const { fetched, getToken } = fetching(stage, 'alice', [ttl, ttl, 3600]);
    const client = await stage.sdk('alice', { sdk: { getToken } });
    client.subscription(channel).subscribe();
    await client.next({ event: 'subscribed' });
    const answers = () => client.frames.filter((frame) => frame.includes('"refresh":{')).length;
    await client.until(() => answers() === 2, 'two refreshes');
    expect(fetched).toHaveLength(3);
    // the last of them holds: those before it are over
    await client.centrifuge.publish(channel, 'still here');
    await client.next({ event: 'publication' });
    expect(client.sockets).toBe(1);
  }),

  scenario('sdk', 'is fetched anew where the one at hand has expired', async (stage) => {
    const channel = stage.channel();
    const { fetched, getToken } = fetching(stage, 'alice', [3600]);
    const token = await stage.token('alice', { ttl: -10 });
    const client = await stage.sdk('alice', { sdk: { token, getToken } });
    expect(fetched).toHaveLength(1);
    expect(await client.next({ event: 'error' })).toMatchObject({ error: { code: 109, message: 'token expired' } });
    client.subscription(channel).subscribe();
    await client.next({ event: 'subscribed' });
  }),

  scenario('sdk', 'that is none ends the connection for good', async (stage) => {
    const client = await stage.sdkOff('alice', { sdk: { token: 'nonsense' } });
    client.centrifuge.connect();
    expect(await client.next({ event: 'disconnected' })).toMatchObject({ code: 3500, reason: 'invalid token' });
  }),

  scenario('sdk', 'that is of another user than the address’s ends the connection for good', async (stage) => {
    const client = await stage.sdkOff('alice', { sdk: { token: await stage.token('bob') } });
    client.centrifuge.connect();
    expect(await client.next({ event: 'disconnected' })).toMatchObject({ code: 3500 });
  }),

  scenario('sdk', 'that refresh brings must be of the same user', async (stage) => {
    const getToken = async () => stage.token('bob');
    const token = await stage.token('alice', { ttl: shortTtl(stage) });
    const client = await stage.sdk('alice', { sdk: { token, getToken } });
    expect(await client.next({ event: 'disconnected' })).toMatchObject({ code: 3500 });
  }),

  scenario(
    'sdk',
    'comes with connect where the handshake is open',
    async (stage) => {
      const channel = stage.channel();
      const client = await stage.sdkOff('alice', { query: { token: '' }, sdk: fetching(stage, 'carol', [3600]) });
      client.centrifuge.connect();
      client.subscription(channel).subscribe();
      await client.next({ event: 'subscribed' });
      await client.centrifuge.publish(channel, 'hi');
      expect(await client.next({ event: 'publication' })).toMatchObject({ info: { user: 'carol' } });
    },
    { needsApp: true },
  ),

  scenario('plain', 'holds from refresh on, and nothing changes where it is none', async (stage) => {
    const channel = stage.channel();
    const client = await stage.plain('alice');
    const refresh = async (id: string, token: string) => client.ask({ action: 'refresh', id, token });
    const exp = Math.floor(Date.now() / 1000) + 1000;
    expect(await refresh('r1', await stage.token('alice', { ttl: 1000 }))).toEqual({
      type: 'refreshed',
      id: 'r1',
      expires: expect.toSatisfy((expires: number) => Math.abs(expires - exp) <= 60),
    });
    expect(await refresh('r2', await stage.token('bob'))).toMatchObject({ type: 'error', code: 'permission_denied' });
    expect(await refresh('r3', await stage.token('alice', { ttl: -10 }))).toMatchObject({ code: 'token_expired' });
    expect(await refresh('r4', 'nonsense')).toMatchObject({ type: 'error', code: 'permission_denied' });
    expect(await client.ask({ action: 'subscribe', channel, id: 's1' })).toMatchObject({ type: 'subscribed' });
  }),

  scenario(
    'plain',
    'that has ended refuses all but refresh, ping and unsubscribe, until a new one comes',
    async (stage) => {
      const channel = stage.channel();
      const client = await stage.plain('alice', { query: { channels: channel } });
      await client.next({ type: 'subscribed' });
      const short = await stage.token('alice', { ttl: shortTtl(stage) });
      expect(await client.ask({ action: 'refresh', token: short, id: 'r0' })).toMatchObject({ type: 'refreshed' });
      await untilOver(short);
      const look = (id: number) => client.ask({ action: 'history', channel, limit: 0, id: `h${id}` });
      for (let n = 1; (await look(n)).type !== 'error'; n++);
      for (const action of ['sendMessage', 'subscribe', 'history', 'presence']) {
        const error = await client.ask({ action, channel, data: 1, id: action });
        expect(error).toMatchObject({ type: 'error', id: action, channel, code: 'token_expired' });
      }
      expect(await client.ask({ action: 'ping', id: 'p' })).toEqual({ type: 'pong', id: 'p' });
      expect(await client.ask({ action: 'unsubscribe', channel, id: 'u' })).toMatchObject({ type: 'unsubscribed' });

      const token = await stage.token('alice');
      client.send({ action: 'refresh', token, id: 'r' }, { action: 'subscribe', channel, id: 's' });
      expect(await client.next({ id: 'r' })).toMatchObject({ type: 'refreshed' });
      expect(await client.next({ id: 's' })).toMatchObject({ type: 'subscribed', channel });
    },
  ),

  scenario('frames', 'that has ended is error 109 until a new one comes', async (stage) => {
    const channel = stage.channel();
    const client = await stage.frames('alice');
    expect(await client.ask({ id: 2, subscribe: { channel } })).toMatchObject({ subscribe: {} });
    const short = await stage.token('alice', { ttl: shortTtl(stage) });
    expect(await client.ask({ id: 3, refresh: { token: short } })).toMatchObject({ refresh: { expires: true } });
    await untilOver(short);
    let id = 10;
    const look = () => client.ask({ id: ++id, history: { channel } });
    let last = await look();
    while ('history' in last) last = await look();
    expect(last).toEqual({ id, error: { code: 109, message: 'token expired' } });
    const token = await stage.token('alice', { ttl: 1000 });
    expect(await client.ask({ id: 5, refresh: { token } })).toEqual({
      id: 5,
      refresh: { expires: true, ttl: expect.toSatisfy((ttl: number) => ttl > 900 && ttl <= 1000) },
    });
    expect(await look()).toMatchObject({ history: { offset: 0 } });
  }),

  scenario('plain', 'is needed for the handshake, and must be good', async (stage) => {
    const refused = { name: 'RefusedHandshake', status: 401 };
    await expect(stage.plain('alice', { ttl: -10 })).rejects.toMatchObject(refused);
    await expect(stage.nobody({ token: 'nonsense' })).rejects.toMatchObject(refused);
    const claims = { channel: stage.channel() };
    await expect(stage.plain('alice', { claims })).rejects.toMatchObject(refused);
    if (!stage.host.isConformanceApp) await expect(stage.nobody()).rejects.toMatchObject(refused);
  }),
];
