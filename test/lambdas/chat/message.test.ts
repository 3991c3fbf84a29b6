import { describe, expect, it } from 'vitest';
import { channelNamed } from '../../../lambdas/chat/channel.ts';
import type { SendMessage } from '../../../lambdas/chat/command.ts';
import { messageFrom } from '../../../lambdas/chat/message.ts';
import { publicationOf } from '../../../lambdas/chat/publications.ts';
import { jsonFormat } from '../../../lambdas/protocol/json.ts';
import { connectionOf, memoryChat } from '../../support/memory-chat.ts';

const chat = memoryChat();
const alice = connectionOf('c1', { user: 'alice' });
const message = (command: Partial<SendMessage> = {}, sender = alice, name = 'general', parts = chat) =>
  messageFrom(parts, channelNamed(chat.namespaces, name), sender, {
    action: 'sendMessage',
    channel: name,
    data: 'hello',
    ...command,
  });

describe('a message that may be published', () => {
  it('says whose it is by the connection, and when by the clock', () => {
    expect(message().event).toMatchObject({
      v: 1,
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
  const id = (key: string, sender = alice, name = 'general') => message({ idempotencyKey: key }, sender, name).event.id;

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

describe('the size of a message', () => {
  /** The largest push that this message can become. */
  const largestPush = (data: string) => {
    const { event } = message({ data }, alice, 'general', {
      ...chat,
      limits: { ...chat.limits, messageBytes: Number.POSITIVE_INFINITY },
    });
    const position = { epoch: 'abcdefgh', offset: Number.MAX_SAFE_INTEGER };
    return Buffer.byteLength(jsonFormat.message('general', publicationOf(event, position)));
  };
  const room = 32_768 - largestPush('');

  it('may be such that its push fills one frame to the last byte', () => {
    expect(largestPush('x'.repeat(room))).toBe(32_768);
    expect(message({ data: 'x'.repeat(room) }).event.data).toHaveLength(room);
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
