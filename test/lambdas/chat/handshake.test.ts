import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { connect } from '../../../lambdas/chat/handshake.ts';
import type { Connection } from '../../../lambdas/chat/ports.ts';
import { leaveEvent, type MemoryChat, memoryChat, subscribeEvent } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const alice: Omit<Connection, 'channels' | 'ends' | 'format'> = {
  id: 'c1',
  user: 'alice',
  connectedAt: 1_764_000_000_000,
};
const comes = (names: readonly string[], connection = alice) =>
  connect(
    chat,
    connection,
    names.map((name) => ({ name })),
  );
const record = () => chat.connections.records.get('c1');

beforeEach(() => {
  chat = memoryChat();
});

describe('a handshake', () => {
  it('without channels makes a record alone', async () => {
    await comes([]);
    expect(record()).toEqual({ ...alice, format: 'json', channels: {}, ends: {} });
    expect(chat.queue.events).toEqual([]);
  });

  it('with channels makes a record that names the token of each, and an event of each', async () => {
    await comes(['general', 'live:x'], { ...alice, info: { name: 'Alice' }, expires: 9_999_999_999 });
    const tokens = record()?.channels ?? {};
    expect(chat.queue.events).toEqual(
      ['general', 'live:x'].map((channel) =>
        subscribeEvent('c1', {
          channel,
          user: 'alice',
          info: { name: 'Alice' },
          token: String(tokens[channel]),
          ...(channel === 'general' && { recoverable: true }),
          handshake: true,
          connectedAt: alice.connectedAt,
        }),
      ),
    );
    expect(Object.values(tokens)).toEqual([expect.stringMatching(/^s.{11}$/), expect.stringMatching(/^s.{11}$/)]);
    expect(tokens.general).not.toBe(tokens['live:x']);
  });

  it('passes on where the client stood in a channel', async () => {
    await connect(chat, alice, [{ name: 'general', since: { epoch: 'e', offset: 41 } }]);
    expect(chat.queue.events).toMatchObject([{ channel: 'general', since: { epoch: 'e', offset: 41 } }]);
  });

  it('passes on how many of the newest messages are wanted, but not where the client says where it stood', async () => {
    await connect(chat, alice, [
      { name: 'general', rewind: 20 },
      { name: 'news', since: { epoch: 'e', offset: 41 }, rewind: 20 },
    ]);
    const [first, second] = chat.queue.events;
    expect(first).toMatchObject({ channel: 'general', rewind: 20 });
    expect(first).not.toHaveProperty('since');
    expect(second).toMatchObject({ channel: 'news', since: { epoch: 'e', offset: 41 } });
    expect(second).not.toHaveProperty('rewind');
  });

  it('is told of joins and leaves where the namespace tells of them', async () => {
    chat = memoryChat({
      namespaces: {
        '': { allowSubscribeForClient: true },
        crowd: { joinLeave: true, allowSubscribeForClient: true },
      },
    });
    await comes(['crowd:x', 'general']);
    const [first, second] = chat.queue.events;
    expect(first).toMatchObject({ joinLeave: true });
    expect(second).not.toHaveProperty('joinLeave');
  });

  it('asks for each channel once', async () => {
    await comes(['general', 'general']);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('writes the record before it sends the first event', async () => {
    chat.queue.takes = () => {
      expect(Object.keys(record()?.channels ?? {})).toEqual(['general', 'live:x']);
      return true;
    };
    await comes(['general', 'live:x']);
    expect(chat.queue.events).toHaveLength(2);
  });

  it.each([
    ['closed:x', 'permission_denied'],
    ['$secret', 'permission_denied'],
    ['dm:x#bob', 'permission_denied'],
    ['nowhere:x', 'unknown_channel'],
    ['two words', 'bad_request'],
    ['x'.repeat(256), 'bad_request'],
  ])('is refused, and leaves nothing behind, with a channel that it may not have: %s', async (name, code) => {
    await expect(comes(['general', name])).rejects.toMatchObject({ code });
    expect(record()).toBeUndefined();
    expect(chat.queue.events).toEqual([]);
  });

  it('may have as many channels as a connection, and not one more', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
    await comes(names(128));
    expect(chat.queue.events).toHaveLength(128);
    await expect(comes(names(129))).rejects.toMatchObject({ code: 'limit_exceeded' });
  });

  it('is taken down again where an event was not accepted: those that were are followed by a leave', async () => {
    chat.queue.takes = ({ event }) => event.type === 'leave' || event.channel === 'general';
    await expect(comes(['general', 'live:x'])).rejects.toThrow(Unavailable);
    expect(chat.queue.events.map(({ type, channel }) => [type, channel])).toEqual([
      ['subscribe', 'general'],
      ['leave', 'general'],
      ['leave', 'live:x'],
    ]);
    expect(record()).toBeUndefined();
  });

  it('tells both failures where it cannot even be taken down', async () => {
    chat.queue.takes = ({ event }) => {
      throw new Unavailable(`no ${event.type}`);
    };
    await expect(comes(['general'])).rejects.toMatchObject({
      cause: { errors: [{ message: 'no subscribe' }, { message: 'no leave' }] },
    });
  });

  it('is taken down again where the queue fails, and fails as the queue did', async () => {
    chat.queue.takes = ({ event }) => {
      if (event.type === 'subscribe') throw new Unavailable('the queue is away');
      return true;
    };
    await expect(comes(['general'])).rejects.toThrow('the queue is away');
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
    expect(record()).toBeUndefined();
  });

  it('gives no channel to somebody whose time is over, as it is without a token in an open handshake', async () => {
    await expect(comes(['general'], { ...alice, user: '', expires: 0 })).rejects.toMatchObject({
      code: 'token_expired',
    });
    expect(chat.queue.events).toEqual([]);
  });

  it('lets in somebody whose time is over, if nothing is asked for yet', async () => {
    await comes([], { ...alice, user: '', expires: 0 });
    expect(record()).toMatchObject({ user: '', expires: 0, format: 'json' });
  });
});
