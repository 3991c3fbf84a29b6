import { expect } from 'vitest';
import { type Scenario, scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

/** The first moment at which a connection is silent for too long by itself, and how long is waited for what comes then. */
function bounds({ host }: Stage) {
  const idleTimeoutMs = host.idleTimeoutMs ?? 600_000;
  return { end: Date.now() + idleTimeoutMs + 1_000, patienceMs: 3 * idleTimeoutMs };
}

/** A connection that says nothing, on a host whose gateway ends those soon. */
export const idle: readonly Scenario[] = [
  scenario('plain', 'is kept by pings for longer than the gateway’s timeout', async (stage) => {
    const channel = stage.channel();
    const client = await stage.plain('alice');
    await client.ask({ action: 'subscribe', channel, id: 's' });
    const { end, patienceMs } = bounds(stage);
    const isPinged = () => client.documents.at(-1)?.type === 'ping';
    await client.until(() => Date.now() > end && isPinged(), 'a ping beyond the timeout', patienceMs);
    await client.ask({ action: 'sendMessage', channel, data: 'still here', id: 'm' });
    expect(await client.next({ type: 'message' })).toMatchObject({ offset: 1 });
    expect(new Set(client.documents.map(({ type }) => type))).toEqual(
      new Set(['subscribed', 'ping', 'ack', 'message']),
    );
  }),

  scenario('sdk', 'is kept by pings for longer than the gateway’s timeout', async (stage) => {
    const channel = stage.channel();
    const client = await stage.sdk('alice');
    client.subscription(channel).subscribe();
    await client.next({ event: 'subscribed' });
    const { end, patienceMs } = bounds(stage);
    const isPinged = () => client.frames.at(-1) === '{}';
    await client.until(() => Date.now() > end && isPinged(), 'a ping beyond the timeout', patienceMs);
    await client.centrifuge.publish(channel, 'still here');
    expect(await client.next({ event: 'publication' })).toMatchObject({ offset: 1 });
    expect(client.sockets).toBe(1);
    // it was promised no pong
    expect(client.sent.filter((frame) => frame === '{}')).toEqual([]);
  }),

  scenario(
    'plain',
    'and whose token has ended is told 3005, and ended',
    async (stage) => {
      const client = await stage.plain('alice', { query: { ended: '60' } });
      expect(await client.next({ type: 'disconnect' })).toEqual({
        type: 'disconnect',
        code: 3005,
        reason: 'connection expired',
      });
      expect((await client.closed).code).toBe(1000);
    },
    // (elsewhere it takes a token that has been over for long)
    { hosts: ['memory', 'local'] },
  ),
];
