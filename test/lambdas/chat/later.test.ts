import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { handleLater, type LaterItem } from '../../../lambdas/chat/later.ts';
import { connectionOf, leaveEvent, type MemoryChat, memoryChat, subscribeEvent } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const end = { v: 1, type: 'end', connection: 'c1' } as const;
const handle = (item: LaterItem) => handleLater(chat, item, chat.world.now() + 5_000);

beforeEach(async () => {
  chat = memoryChat();
  await chat.connections.create(connectionOf('c1', { channels: { general: 's1' } }));
});

describe('an end that waited', () => {
  it('ends the connection, and takes it down when it is gone for certain', async () => {
    expect(await handle(end)).toBe(true);
    expect(chat.posts.ended).toEqual(['c1']);
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
    expect(chat.connections.records.size).toBe(0);
  });

  it('waits again as long as it is not certain, and takes nothing down', async () => {
    chat.posts.ends = () => 'busy';
    expect(await handle(end)).toBe(false);
    expect(chat.queue.events).toEqual([]);
    expect(chat.connections.records.size).toBe(1);
  });

  it('is certain where the connection is not there any more', async () => {
    chat.posts.ends = () => 'gone';
    await chat.connections.create(connectionOf('c1', { connectedAt: chat.world.now() - 30_000 }));
    expect(await handle(end)).toBe(true);
    expect(chat.connections.records.size).toBe(0);
  });

  it('is not, where it may not be there yet: in its handshake', async () => {
    chat.posts.ends = () => 'gone';
    await chat.connections.create(connectionOf('c1', { connectedAt: chat.world.now() - 29_999 }));
    expect(await handle(end)).toBe(false);
    expect(chat.connections.records.size).toBe(1);
  });

  it('sends a leave also to the channel where the connection was met', async () => {
    await handle({ ...end, channel: 'news' });
    expect(chat.queue.events).toEqual([leaveEvent('c1'), leaveEvent('c1', { channel: 'news' })]);
  });

  it('is certain also where the connection has long been taken down', async () => {
    await chat.connections.remove('c1');
    expect(await handle(end)).toBe(true);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('an end of which the client is told', () => {
  const disconnect = { code: 3005, reason: 'connection expired' };

  it.each([
    ['json', { type: 'disconnect', ...disconnect }],
    ['centrifuge', { push: { disconnect } }],
  ] as const)('is told first, in its own words: %s', async (format, told) => {
    await chat.connections.create(connectionOf('c1', { format }));
    chat.posts.ends = () => {
      expect(chat.posts.told('c1')).toEqual([told]);
      return 'ended';
    };
    expect(await handle({ ...end, disconnect })).toBe(true);
    expect(chat.posts.ended).toEqual(['c1']);
    expect(chat.connections.records.size).toBe(0);
  });

  it.each(['gone', 'unanswered', 'refused', 'busy'] as const)(
    'comes also where the client cannot be told (%s)',
    async (answer) => {
      chat.posts.answer = () => answer;
      expect(await handle({ ...end, disconnect })).toBe(true);
      expect(chat.posts.ended).toEqual(['c1']);
      expect(chat.logger.lines).toMatchObject([{ level: 'info', fields: { connection: 'c1' } }]);
    },
  );

  it('comes without a word where there is no record to know its client by', async () => {
    await chat.connections.remove('c1');
    expect(await handle({ ...end, disconnect })).toBe(true);
    expect(chat.posts.attempts).toEqual([]);
    expect(chat.posts.ended).toEqual(['c1']);
  });

  it('waits where the time is over before it was told', async () => {
    await expect(handleLater(chat, { ...end, disconnect }, chat.world.now())).rejects.toThrow(Unavailable);
    expect(chat.posts.ended).toEqual([]);
  });

  it('is not told where no reason is given', async () => {
    await handle(end);
    expect(chat.posts.attempts).toEqual([]);
  });
});

describe("a handshake's subscribe that waited", () => {
  const again = { v: 1, type: 'again', event: subscribeEvent('c1', { handshake: true, attempt: 1 }) } as const;

  it('is sent again as a new event of its channel', async () => {
    expect(await handle(again)).toBe(true);
    expect(chat.queue.events).toEqual([again.event]);
    expect(chat.queue.sent[0]).not.toHaveProperty('deduplicationId');
    expect(chat.posts.ended).toEqual([]);
  });

  it('waits again where the queue did not take it', async () => {
    chat.queue.takes = () => false;
    expect(await handle(again)).toBe(false);
  });
});

describe('a part of the sweep that waited', () => {
  it('is done', async () => {
    const minute = Math.floor(chat.world.now() / 60_000);
    await chat.connections.create(connectionOf('c2'));
    expect(await handle({ v: 2, type: 'sweep', minutes: [minute], after: 'c1' })).toBe(true);
    expect(chat.posts.told('c2')).toEqual([{ type: 'ping' }]);
    expect(chat.posts.told('c1')).toEqual([]);
  });

  it('is handed on where the time is over', async () => {
    const item = { v: 2, type: 'sweep', minutes: [1, 2], after: 'c1', upTo: 'c9' } as const;
    expect(await handleLater(chat, item, chat.world.now())).toBe(true);
    expect(chat.later.sweeps).toEqual([{ minutes: [1, 2], after: 'c1', upTo: 'c9' }]);
  });
});

it('fails with what it does not know of its own version', async () => {
  const unknown = { v: 1, type: 'remind', connection: 'c1' } as unknown as LaterItem;
  await expect(handle(unknown)).rejects.toThrow('no such item: remind');
  expect(chat.posts.ended).toEqual([]);
});

it('leaves alone what a newer version has written, and lets it wait', async () => {
  const newer = { v: 3, type: 'remind', connection: 'c1' } as unknown as LaterItem;
  expect(await handle(newer)).toBe(false);
  expect(chat.posts.ended).toEqual([]);
});
