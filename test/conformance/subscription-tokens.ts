import { expect } from 'vitest';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { shortTtl } from './stage.ts';

/** What a token opens, to whom, for how long. */
export const subscriptionTokens: readonly Scenario[] = [
  ...forBoth('opens its channel to its user', async (stage, kind) => {
    const channel = stage.channel('$');
    const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
    await expect(alice.subscribe(channel)).rejects.toMatchObject({ code: 'permission_denied' });
    for (const [reader, user] of [
      [alice, 'alice'],
      [bob, 'bob'],
    ] as const) {
      await reader.subscribe(channel, { token: await stage.token(user, { claims: { channel } }) });
    }
    await alice.publish(channel, 'secret');
    await bob.untilMessages(channel, 1);
    expect(bob.messages(channel)).toEqual([{ data: 'secret', user: 'alice', offset: 1 }]);
  }),

  scenario('plain', 'must be good, its user’s and its channel’s', async (stage) => {
    const channel = stage.channel('$');
    const alice = await stage.plain('alice');
    const claims = { channel };
    const subscribe = (id: string, token: string) => alice.ask({ action: 'subscribe', channel, token, id });
    const denied = { type: 'error', channel, code: 'permission_denied' };
    expect(await subscribe('1', await stage.token('bob', { claims }))).toMatchObject(denied);
    expect(await subscribe('2', await stage.token('alice', { claims: { channel: '$other' } }))).toMatchObject(denied);
    expect(await subscribe('3', await stage.token('alice'))).toMatchObject(denied);
    expect(await subscribe('4', 'nonsense')).toMatchObject(denied);
    expect(await subscribe('5', await stage.token('alice', { claims, ttl: -10 }))).toMatchObject({
      ...denied,
      code: 'token_expired',
    });
    expect(await subscribe('6', await stage.token('alice', { claims }))).toMatchObject({ type: 'subscribed' });
  }),

  scenario('sdk', 'that has expired is fetched anew', async (stage) => {
    const channel = stage.channel('$');
    const client = await stage.sdk('alice');
    const claims = { channel };
    client
      .subscription(channel, {
        token: await stage.token('alice', { claims, ttl: -10 }),
        getToken: () => stage.token('alice', { claims }),
      })
      .subscribe();
    await client.next({ event: 'subscribed', channel });
    expect(client.events.filter(({ event }) => event === 'unsubscribed')).toEqual([]);
  }),

  scenario('sdk', 'is refreshed by getToken while it is read', async (stage) => {
    const channel = stage.channel('$');
    const client = await stage.sdk('alice');
    const claims = { channel, info: { seat: 7 } };
    const getToken = () => stage.token('alice', { claims, ttl: shortTtl(stage) });
    client.subscription(channel, { getToken }).subscribe();
    await client.next({ event: 'subscribed', channel });
    const answers = () => client.frames.filter((frame) => frame.includes('"sub_refresh":{"expires":true')).length;
    await client.until(() => answers() === 1, 'a refresh');
    await client.centrifuge.publish(channel, 'still here');
    await client.next({ event: 'publication', channel });
    expect(client.events.filter(({ event }) => event === 'unsubscribed')).toEqual([]);
    const { clients } = await client.centrifuge.presence(channel);
    expect(Object.values(clients)).toMatchObject([{ user: 'alice', chanInfo: { seat: 7 } }]);
  }),

  scenario('sdk', 'that is another user’s ends the connection for good', async (stage) => {
    const channel = stage.channel('$');
    const client = await stage.sdk('alice');
    const token = await stage.token('bob', { claims: { channel } });
    client.subscription(channel, { token }).subscribe();
    expect(await client.next({ event: 'disconnected' })).toMatchObject({ code: 3500 });
  }),

  scenario('sdk', 'that is none is refused', async (stage) => {
    const channel = stage.channel('$');
    const client = await stage.sdk('alice');
    client.subscription(channel, { token: 'nonsense' }).subscribe();
    expect(await client.next({ event: 'unsubscribed' })).toMatchObject({ channel, code: 103 });
  }),
];
