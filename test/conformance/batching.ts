import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { type Scenario, scenario } from './scenario.ts';

const parsed = (frames: readonly string[]) => frames.map((frame) => frame.split('\n').map((line) => JSON.parse(line)));

/** Several documents in a frame. */
export const batching: readonly Scenario[] = [
  scenario('plain', 'is answered in one frame, and one that is refused holds up no other', async (stage) => {
    const channel = stage.channel();
    const client = await stage.plain('alice', { query: { channels: channel } });
    await client.next({ type: 'subscribed' });
    client.send(
      { action: 'ping', id: 'p1' },
      { action: 'sendMessage', channel, data: 'a', id: 'm1' },
      { action: 'dance', id: 'd1' },
      'no JSON',
      '',
      { action: 'history', channel, limit: 0, id: 'h1' },
      { action: 'sendMessage', channel, data: 'b', id: 'm2' },
      { action: 'ping' },
    );
    await client.next({ id: 'm2' });
    const replies = parsed(client.frames).filter(([first]) => !['message', 'subscribed', 'join'].includes(first.type));
    expect(replies).toHaveLength(1);
    expect(replies[0]).toHaveLength(7);
    expect(replies[0]).toEqual(
      expect.arrayContaining([
        { type: 'pong', id: 'p1' },
        { type: 'ack', id: 'm1', channel, messageId: expect.any(String) },
        expect.objectContaining({ type: 'error', id: 'd1', code: 'unknown_action' }),
        expect.objectContaining({ type: 'error', code: 'bad_request' }),
        expect.objectContaining({ type: 'history', id: 'h1' }),
        { type: 'ack', id: 'm2', channel, messageId: expect.any(String) },
        { type: 'pong' },
      ]),
    );
    expect(await client.next({ type: 'message' })).toMatchObject({ data: 'a', offset: 1 });
    expect(await client.next({ type: 'message' })).toMatchObject({ data: 'b', offset: 2 });
  }),

  scenario('plain', 'counts for what follows in it: a publish after its subscribe', async (stage) => {
    const channel = stage.channel();
    const client = await stage.plain('alice');
    client.send(
      { action: 'subscribe', channel, id: 's' },
      { action: 'sendMessage', channel, data: 'hi', id: 'm' },
      { action: 'unsubscribe', channel, id: 'u' },
      { action: 'sendMessage', channel, data: 'too late', id: 'n' },
    );
    expect(await client.next({ id: 'm' })).toMatchObject({ type: 'ack' });
    expect(await client.next({ id: 'n' })).toMatchObject({ code: 'permission_denied' });
    await client.next({ id: 'u' });
    const ofChannel = client.documents.filter(({ type }) =>
      ['subscribed', 'message', 'unsubscribed'].includes(`${type}`),
    );
    expect(ofChannel.map(({ type }) => type)).toEqual(['subscribed', 'message', 'unsubscribed']);
  }),

  scenario('sdk', 'is sent by startBatching, and answered in one frame', async (stage) => {
    const channel = stage.channel();
    const client = await stage.sdk('alice');
    const subscription = client.subscription(channel);
    subscription.subscribe();
    await client.next({ event: 'subscribed' });
    const [before, sent] = [client.frames.length, client.sent.length];
    client.centrifuge.startBatching();
    const answers = Promise.all([
      subscription.history({ limit: 0 }),
      subscription.presence(),
      subscription.presenceStats(),
      client.centrifuge.rpc('x', {}).catch((error) => error),
    ]);
    await new Promise(setImmediate);
    client.centrifuge.stopBatching();
    expect(await answers).toMatchObject([{ offset: 0 }, {}, { numClients: 1, numUsers: 1 }, { code: 108 }]);
    expect(client.sent.slice(sent).map((frame) => frame.split('\n').length)).toEqual([4]);
    const replies = client.frames.slice(before).filter((frame) => frame.includes('"history"'));
    expect(replies.map((frame) => frame.split('\n').length)).toEqual([4]);
  }),

  scenario('sdk', 'is what the SDK begins with: connect, and all it subscribes to', async (stage) => {
    const channels = upTo(1, 10).map(() => stage.channel());
    const client = await stage.sdkOff('alice');
    for (const channel of channels) client.subscription(channel).subscribe();
    client.centrifuge.connect();
    for (const channel of channels) await client.next({ event: 'subscribed', channel });
    expect(client.sent).toHaveLength(1);
    // a server-side channel's push, or another's, must not come before it
    expect(Object.keys(JSON.parse(String(client.frames[0]?.split('\n')[0])))).toEqual(['id', 'connect']);
  }),
];
