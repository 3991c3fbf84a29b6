import { describe, expect, it } from 'vitest';
import { channelNamed } from '../../../lambdas/chat/channel.ts';
import type { SendMessage } from '../../../lambdas/chat/command.ts';
import { messageFrom, type Publisher } from '../../../lambdas/chat/message.ts';
import { publicationOf } from '../../../lambdas/chat/publications.ts';
import { connectionOf, memoryChat } from '../../support/memory-chat.ts';

const chat = memoryChat();
const alice = connectionOf('c1', { user: 'alice' });
const message = (
  command: Partial<SendMessage> = {},
  sender: Publisher = alice,
  name = 'general',
  parts: typeof chat = chat,
) =>
  messageFrom(parts, channelNamed(chat.namespaces, name), sender, {
    action: 'sendMessage',
    channel: name,
    data: 'hello',
    ...command,
  });

describe('a message that may be published', () => {
  it('says whose it is by the connection, and when by the clock', () => {
    expect(message().event).toMatchObject({
      v: 2,
      type: 'publish',
      channel: 'general',
      user: 'alice',
      connection: 'c1',
      data: 'hello',
      time: chat.world.now(),
    });
  });

  it('has an id of its own each time, and no name that would make it a repeat', () => {
    const [first, second] = [message(), message()];
    expect(first.event.id).not.toBe(second.event.id);
    expect(first).not.toHaveProperty('deduplicationId');
  });

  it('carries what the token of its sender says', () => {
    expect(message({}, connectionOf('c1', { user: 'alice', info: { name: 'Alice' } })).event).toMatchObject({
      info: { name: 'Alice' },
    });
    expect(message().event).not.toHaveProperty('info');
  });

  it('of a server is nobody’s', () => {
    const { event } = messageFrom(chat, channelNamed(chat.namespaces, 'general'), undefined, { data: 1 });
    for (const absent of ['user', 'connection', 'info']) expect(event).not.toHaveProperty(absent);
  });

  it('keeps its tags and its key, and is ephemeral only where that was asked', () => {
    expect(message({ tags: { k: 'v' }, idempotencyKey: 'k1', ephemeral: true }).event).toMatchObject({
      tags: { k: 'v' },
      key: 'k1',
      ephemeral: true,
    });
    for (const absent of ['tags', 'key', 'ephemeral']) {
      expect(message({ ephemeral: false }).event).not.toHaveProperty(absent);
    }
  });
});

describe('a message with an idempotency key', () => {
  const id = (key: string, sender: Publisher = alice, name = 'general') =>
    message({ idempotencyKey: key }, sender, name).event.id;

  it('is the same message however often it is sent, from whichever connection of the user', () => {
    expect(id('k1')).toBe(id('k1'));
    expect(id('k1', connectionOf('c2', { user: 'alice' }))).toBe(id('k1'));
    expect(id('k1')).toMatch(/^[\w-]{22}$/);
  });

  it('is sent under its id, so that the queue takes it once', () => {
    const { event, deduplicationId } = message({ idempotencyKey: 'k1' });
    expect(deduplicationId).toBe(event.id);
  });

  it('is another one with another key, of another user, and in another channel', () => {
    const bob = connectionOf('c1', { user: 'bob' });
    expect(new Set([id('k1'), id('k2'), id('k1', bob), id('k1', alice, 'other')]).size).toBe(4);
  });

  it('is not mistaken for another one whose parts make the same text when joined', () => {
    const named = (user: string) => connectionOf('c1', { user });
    expect(id('b,c', named('a'))).not.toBe(id('c', named('a,b')));
    expect(id('c', named('a"'))).not.toBe(id('"c', named('a')));
    expect(id('\uD800')).not.toBe(id('\uD801'));
  });

  it('of an anonymous user is that of the connection', () => {
    const anonymous = (connection: string) => connectionOf(connection, { user: '' });
    expect(id('k1', anonymous('c1'))).toBe(id('k1', anonymous('c1')));
    expect(id('k1', anonymous('c1'))).not.toBe(id('k1', anonymous('c2')));
    expect(id('k1', anonymous('alice'))).not.toBe(id('k1', alice));
  });
});

describe('a message of a server with an idempotency key', () => {
  const id = (key: string, sender: Publisher) =>
    messageFrom(chat, channelNamed(chat.namespaces, 'general'), sender, { data: 1, idempotencyKey: key }).event.id;

  it('is the same message however often it is sent, and none of a user’s, whatever its name', () => {
    expect(id('k1', undefined)).toBe(id('k1', undefined));
    const users = ['', 'server', 'user', '["server"]'].map((user) => id('k1', connectionOf('server', { user })));
    expect(new Set([id('k1', undefined), ...users]).size).toBe(5);
  });
});

describe('the size of a message', () => {
  const unlimited = { ...chat, limits: { ...chat.limits, messageBytes: Number.POSITIVE_INFINITY } };
  /** The largest pushes that this message can become: for plain clients, and for those of the Centrifugo protocol. */
  const largestPushes = (data: string, sender = alice) => {
    const { event } = message({ data }, sender, 'general', unlimited);
    const position = { epoch: 'abcdefgh', offset: Number.MAX_SAFE_INTEGER };
    const push = publicationOf(event, position);
    return [chat.formats.json, chat.formats.centrifuge].map((format) =>
      Buffer.byteLength(format.message('general', push)),
    );
  };
  const room = 32_768 - Math.max(...largestPushes(''));

  it('may be such that its push fills one frame to the last byte', () => {
    expect(Math.max(...largestPushes('x'.repeat(room)))).toBe(32_768);
    expect(message({ data: 'x'.repeat(room) }).event.data).toHaveLength(room);
  });

  it('counts in either format: with what a token says of its sender, that of the SDKs is the larger one', () => {
    const known = connectionOf('c1', { user: 'alice', info: 'x'.repeat(1_000) });
    const [plain = 0, centrifuge = 0] = largestPushes('', known);
    expect(centrifuge).toBeGreaterThan(plain + 900);
    const data = 'x'.repeat(32_768 - centrifuge);
    expect(message({ data }, known).event.data).toBe(data);
    expect(() => message({ data: `${data}x` }, known)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded', message: 'data: the message is 1 bytes too large' }),
    );
  });

  it('is refused with one byte more, and it is told how much that is', () => {
    expect(() => message({ data: 'x'.repeat(room + 1) })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded', message: 'data: the message is 1 bytes too large' }),
    );
  });

  it('is that of bytes in UTF-8, with what JSON escapes', () => {
    expect(() => message({ data: `${'x'.repeat(room - 1)}é` })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
    expect(() => message({ data: `${'x'.repeat(room - 1)}"` })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
  });

  it('counts tags and key in', () => {
    const data = 'x'.repeat(room);
    expect(() => message({ data, tags: { k: 'v' } })).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
    expect(() => message({ data, idempotencyKey: 'k' })).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });

  it('may be set lower', () => {
    const small = memoryChat({ limits: { messageBytes: 1_000 } });
    expect(() => message({ data: 'x'.repeat(1_000) }, alice, 'general', small)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
    expect(message({ data: 'x'.repeat(500) }, alice, 'general', small).event.data).toHaveLength(500);
  });
});
