import { expect } from 'vitest';
import { type Scenario, scenario } from './scenario.ts';

/** The sweep visits a connection every 9 minutes: only in memory can so much time pass. */
const needs = { hosts: ['memory'] } as const;

/** A token that has ended, and no other came. Each needs a host of its own: time passes for all of it. */
export const expiry: readonly Scenario[] = [
  scenario(
    'plain',
    'is told with 3005 when it has ended, by the sweep',
    async (stage) => {
      const client = await stage.plain('alice', { ttl: 600 });
      await stage.host.pass?.(18 * 60_000);
      expect(await client.next({ type: 'disconnect' })).toEqual({
        type: 'disconnect',
        code: 3005,
        reason: 'connection expired',
      });
      expect(await client.closed).toMatchObject({ code: 1000 });
    },
    needs,
  ),

  scenario(
    'sdk',
    'that the sweep finds ended is fetched anew, and what was missed is sent',
    async (stage) => {
      const channel = stage.channel();
      const token = await stage.token('alice', { ttl: 600 });
      const client = await stage.sdk('alice', {
        ttl: 7200,
        sdk: { token, getToken: () => stage.token('alice', { ttl: 7200 }) },
      });
      client.subscription(channel).subscribe();
      await client.next({ event: 'subscribed' });
      await stage.host.pass?.(18 * 60_000);
      expect(await client.next(({ event, code }) => event === 'connecting' && code === 3005)).toBeDefined();
      await stage.api('publish', { channel, data: 'missed?' });
      expect(await client.next({ event: 'publication' })).toMatchObject({ data: 'missed?' });
    },
    needs,
  ),

  scenario(
    'plain and sdk',
    'of a subscription that has ended ends it with 2501, by the sweep',
    async (stage) => {
      const channel = stage.channel('$');
      const claims = { channel };
      const [plain, sdk] = [await stage.plain('alice', { ttl: 7200 }), await stage.sdk('bob', { ttl: 7200 })];
      const token = await stage.token('alice', { claims, ttl: 600 });
      await plain.ask({ action: 'subscribe', channel, token, id: 's' });
      sdk
        .subscription(channel, {
          token: await stage.token('bob', { claims, ttl: 600 }),
          getToken: () => stage.token('bob', { claims, ttl: 7200 }),
        })
        .subscribe();
      await sdk.next({ event: 'subscribed' });
      await stage.host.pass?.(18 * 60_000);
      expect(await plain.next({ type: 'unsubscribed' })).toEqual({
        type: 'unsubscribed',
        channel,
        code: 2501,
        reason: 'subscription expired',
      });
      expect(await sdk.next(({ event, code }) => event === 'subscribing' && code === 2501)).toBeDefined();
      await sdk.next({ event: 'subscribed' });
    },
    needs,
  ),
];
