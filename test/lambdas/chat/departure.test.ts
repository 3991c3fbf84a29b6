import { beforeEach, describe, expect, it } from 'vitest';
import { readersOf } from '../../../lambdas/chat/channel-readers.ts';
import { cut, cutReader, gone } from '../../../lambdas/chat/departure.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { connectionOf, leaveEvent, type MemoryChat, memoryChat, readerOf } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const records = () => [...chat.connections.records.keys()];

beforeEach(async () => {
  chat = memoryChat();
  await chat.connections.create(connectionOf('c1', { channels: { general: 's1', news: 'u2' } }));
  await chat.connections.create(connectionOf('c2', { channels: { general: 's3' } }));
});

describe('a connection that is gone', () => {
  it('leaves every channel of its record, those it has asked to leave included, and has no record any more', async () => {
    await gone(chat, 'c1');
    expect(chat.queue.events).toEqual([leaveEvent('c1'), leaveEvent('c1', { channel: 'news' })]);
    expect(records()).toEqual(['c2']);
  });

  it('leaves the channel where it was met, whatever its record says, and each channel once', async () => {
    await gone(chat, 'c1', 'elsewhere');
    expect(chat.queue.events.map(({ channel }) => channel)).toEqual(['general', 'news', 'elsewhere']);
    await gone(chat, 'c2', 'general');
    expect(chat.queue.events.slice(3)).toEqual([leaveEvent('c2')]);
  });

  it('that many meet at once is told to each of its channels once, but for those where it was met', async () => {
    await Promise.all([gone(chat, 'c1', 'general'), gone(chat, 'c1', 'news'), gone(chat, 'c1')]);
    const named = chat.queue.sent.map(({ event, deduplicationId }) => [event.channel, deduplicationId]);
    expect(named).toEqual([
      ['general', undefined],
      ['news', 'c1.u2'],
      ['general', 'c1.s1'],
      ['news', undefined],
      ['general', 'c1.s1'],
      ['news', 'c1.u2'],
    ]);
  });

  it('without a record leaves the channel where it was met', async () => {
    await gone(chat, 'c9', 'general');
    expect(chat.queue.events).toEqual([leaveEvent('c9')]);
  });

  it('that nobody knows is nothing to do', async () => {
    await gone(chat, 'c9');
    expect(chat.queue.events).toEqual([]);
  });

  it('without channels has its record deleted all the same', async () => {
    await chat.connections.create(connectionOf('c3'));
    await gone(chat, 'c3');
    expect(records()).not.toContain('c3');
  });

  it('may have channels that are called as what every object has', async () => {
    await chat.connections.create(
      connectionOf('c3', { channels: JSON.parse('{"__proto__":"s1","constructor":"s2"}') }),
    );
    await gone(chat, 'c3');
    expect(chat.queue.events.map(({ channel }) => channel)).toEqual(['__proto__', 'constructor']);
  });

  it('keeps its record until the last leave is sent', async () => {
    chat.queue.takes = ({ event }) => event.channel !== 'news';
    await expect(gone(chat, 'c1')).rejects.toThrow(Unavailable);
    expect(records()).toContain('c1');
    chat.queue.takes = () => true;
    await gone(chat, 'c1');
    expect(chat.queue.events.map(({ channel }) => channel)).toEqual(['general', 'general', 'news']);
    expect(records()).not.toContain('c1');
  });
});

describe('a reader that is cut', () => {
  it('is to be ended before it is marked, so that a crash leaves nobody behind', async () => {
    await chat.subscriptions.put('general', readerOf('c1'));
    chat.subscriptions.cut = () => Promise.reject(new Unavailable('now'));
    await expect(cut(chat, 'general', 'c1')).rejects.toThrow(Unavailable);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
  });

  it('is marked and counted', async () => {
    await chat.subscriptions.put('general', readerOf('c1'));
    await cut(chat, 'general', 'c1');
    expect(await chat.subscriptions.find('general', 'c1')).toMatchObject({ cut: true });
    expect(chat.metrics.counts.get('ReaderCut')).toBe(1);
  });

  it('may be told why before its end', async () => {
    const disconnect = { code: 3010, reason: 'insufficient state' };
    await cut(chat, 'general', 'c1', disconnect);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general', disconnect }]);
  });

  it('of a channel in hand is posted to no more in the same batch', async () => {
    await chat.subscriptions.put('general', readerOf('c1'));
    const readers = readersOf(chat.subscriptions, 'general', true);
    await cutReader(chat, { name: 'general', readers }, 'c1');
    expect(await readers.all()).toEqual([readerOf('c1', { cut: true })]);
  });
});
