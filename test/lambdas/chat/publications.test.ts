import { beforeEach, describe, expect, it } from 'vitest';
import type { Delivered } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { Overtaken, Unavailable } from '../../../lambdas/chat/errors.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import {
  inHand,
  leaseOf,
  type MemoryChat,
  memoryChat,
  NAMESPACES,
  publishEvent,
  readerOf,
  removeHistoryEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
const handle = (...items: Delivered[]) => deliver(chat, items, leaseOf(chat));
const message = (number: number, more: Parameters<typeof publishEvent>[1] = {}, receives = 1) =>
  inHand(number, publishEvent(`m${number}`, more), receives);
const rows = (channel = 'general', epoch = 'epoch1') => [...(chat.log.logs.get(`${channel} ${epoch}`)?.values() ?? [])];
const head = (channel = 'general') => chat.log.heads.get(channel);
const told = (connection = 'r1') => chat.posts.told(connection);

beforeEach(async () => {
  chat = memoryChat();
  await chat.subscriptions.put('general', readerOf('r1'));
});

describe('a run of messages', () => {
  it('stands in the log at the next offsets, in the order of the queue, with all that its publishers gave', async () => {
    await handle(message(1), message(2, { key: 'k', tags: { t: 'x' }, info: { name: 'Alice' } }));
    await handle(message(3));
    expect(rows().map(({ offset, seq, publication }) => [offset, seq, publication.id])).toEqual([
      [1, seqOf('1'), 'm1'],
      [2, seqOf('2'), 'm2'],
      [3, seqOf('3'), 'm3'],
    ]);
    expect(rows()[1]?.publication).toEqual({
      id: 'm2',
      user: 'alice',
      connection: 'sender',
      info: { name: 'Alice' },
      data: 'm2',
      key: 'k',
      tags: { t: 'x' },
      time: Date.UTC(2026, 0, 1),
      offset: 2,
      epoch: 'epoch1',
    });
    expect(head()).toMatchObject({ offset: 3, last: `events.fifo#${seqOf('3')}` });
  });

  it('is written as rows, then as the head, and only then posted', async () => {
    const trace: string[] = [];
    for (const name of ['append', 'advance'] as const) {
      const method = chat.log[name].bind(chat.log) as (...args: unknown[]) => Promise<void>;
      chat.log[name] = async (...args: unknown[]) => {
        await method(...args);
        trace.push(name);
      };
    }
    chat.posts.answer = () => {
      trace.push('post');
      return 'delivered';
    };
    await handle(message(1), message(2), message(3));
    expect(trace).toEqual(['append', 'advance', 'post']);
  });

  it('is kept for as long as the namespace says, in seconds', async () => {
    chat.world.time += 1;
    await handle(message(1));
    expect(rows()[0]?.expiresAt).toBe(Date.UTC(2026, 0, 1) / 1000 + 1 + 3600);
  });

  it('is posted to readers in one frame, each message with its place and without its connection', async () => {
    await handle(message(1), message(2));
    expect(chat.posts.frames('r1')).toHaveLength(1);
    expect(told()).toEqual(
      [1, 2].map((offset) => ({
        type: 'message',
        channel: 'general',
        offset,
        epoch: 'epoch1',
        id: `m${offset}`,
        user: 'alice',
        data: `m${offset}`,
        time: Date.UTC(2026, 0, 1),
      })),
    );
  });

  it('is not posted where the head could not advance, and is appended at the same places when it comes back', async () => {
    const advance = chat.log.advance;
    chat.log.advance = () => Promise.reject(new Unavailable('away'));
    expect(await handle(message(1), message(2))).toHaveLength(2);
    expect(told()).toEqual([]);
    chat.log.advance = advance;
    expect(await handle(message(1, {}, 2), message(2, {}, 2), message(3))).toEqual([]);
    expect(rows().map(({ offset, publication }) => [offset, publication.id])).toEqual([
      [1, 'm1'],
      [2, 'm2'],
      [3, 'm3'],
    ]);
    expect(told().map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });

  it('of a worker that was overtaken is neither written nor posted', async () => {
    const append = chat.log.append.bind(chat.log);
    chat.log.append = async (...args) => {
      await chat.log.claim('general', { claimed: seqOf('1'), suspect: '', now: chat.world.now(), ttl: 60 });
      return append(...args);
    };
    const items = [message(1)];
    expect(await handle(...items)).toEqual(items);
    expect(head()?.offset).toBe(0);
    expect(told()).toEqual([]);
    expect(chat.logger.lines).toMatchObject([
      { level: 'warn', fields: { channel: 'general', error: expect.any(Overtaken) } },
      { level: 'warn', fields: { error: expect.any(Overtaken) } },
    ]);
  });
});

describe('a message that comes back', () => {
  it('is posted again from the log, and not appended again', async () => {
    await handle(message(1), message(2));
    await handle(message(1, { data: 'changed' }, 2), message(2, {}, 2), message(3));
    expect(rows()).toHaveLength(3);
    expect(told().map(({ offset, data }) => [offset, data])).toEqual([
      [1, 'm1'],
      [2, 'm2'],
      [1, 'm1'],
      [2, 'm2'],
      [3, 'm3'],
    ]);
  });

  it('is found in the log with one read for all of its run, from its own row on', async () => {
    await handle(message(1), message(2), message(3));
    const reads: unknown[] = [];
    const read = chat.log.rows.bind(chat.log);
    chat.log.rows = (...args) => {
      reads.push(args);
      return read(...args);
    };
    await handle(message(2, {}, 2), message(3, {}, 2), message(4));
    expect(reads).toEqual([['general', { epoch: 'epoch1', offset: 3 }, seqOf('2')]]);
    await handle(message(5));
    expect(reads).toHaveLength(1);
  });

  it('and whose row has expired is posted from its body', async () => {
    await handle(message(1));
    chat.world.time += 3_601_000;
    await handle(message(1, {}, 2));
    expect(told().map(({ id }) => id)).toEqual(['m1', 'm1']);
  });

  it('and whose row has expired is not appended again, and holds up nobody', async () => {
    await handle(message(1));
    chat.world.time += 3_601_000;
    expect(await handle(message(1, {}, 2), message(2))).toEqual([]);
    expect(rows().map(({ publication }) => publication.id)).toEqual(['m1', 'm2']);
    expect(told().at(-1)).toMatchObject({ id: 'm2', offset: 2 });
  });
});

describe('a reader that is catching up', () => {
  it('is passed by: it finds the messages in the log', async () => {
    await chat.subscriptions.put('general', readerOf('r1', { at: 0 }));
    await handle(message(1), message(2, { ephemeral: true }));
    expect(chat.posts.attempts).toEqual([]);
    expect(await chat.subscriptions.find('general', 'r1')).toEqual(readerOf('r1', { at: 0 }));
  });

  it('in another epoch is cut like others', async () => {
    await chat.subscriptions.put('general', readerOf('r1', { at: 0, from: { epoch: 'former', offset: 0 } }));
    await handle(message(1));
    expect(await chat.subscriptions.find('general', 'r1')).toMatchObject({ cut: true });
  });
});

describe('a channel without history', () => {
  beforeEach(() => chat.subscriptions.put('live:x', readerOf('r1')));
  const live = (number: number, more: Parameters<typeof publishEvent>[1] = {}, receives = 1) =>
    message(number, { channel: 'live:x', ...more }, receives);

  it('has no log, and its messages have no place', async () => {
    await chat.subscriptions.put('live:x', readerOf('r1', { from: { epoch: 'epoch1', offset: 0 } }));
    await handle(live(1), live(2));
    expect(chat.log.logs.size).toBe(0);
    expect(head('live:x')).toMatchObject({ offset: 0 });
    expect(told().map(({ id }) => id)).toEqual(['m1', 'm2']);
    for (const push of told()) expect(push).not.toHaveProperty('offset');
    for (const push of told()) expect(push).not.toHaveProperty('epoch');
  });

  it('posts a message that comes back from its body', async () => {
    await handle(live(1));
    await handle(live(1, {}, 2));
    expect(told().map(({ id }) => id)).toEqual(['m1', 'm1']);
  });

  it('begins a new epoch where it had offsets, once, so that nobody is told that nothing was missed', async () => {
    await handle(message(1), message(2));
    chat = { ...chat, namespaces: { ...NAMESPACES, '': { allowSubscribeForClient: true } } };
    await handle(message(3));
    expect(head()).toMatchObject({ epoch: 'epoch2', offset: 0 });
    await handle(message(4));
    expect(head()).toMatchObject({ epoch: 'epoch2', offset: 0 });
    expect(chat.later.ends).toEqual([{ connection: 'r1', channel: 'general' }]);
    expect(await chat.subscriptions.find('general', 'r1')).toMatchObject({ cut: true });
  });

  it('has nothing removed in its new epoch', async () => {
    await handle(message(1), inHand(2, removeHistoryEvent()));
    expect(head()).toMatchObject({ removed: 1 });
    chat = { ...chat, namespaces: { ...NAMESPACES, '': {} } };
    await handle(message(3));
    expect(head()).toMatchObject({ epoch: 'epoch2', removed: 0 });
  });

  it('does not begin a new epoch for what was ephemeral anyway', async () => {
    await handle(message(1));
    chat = { ...chat, namespaces: { ...NAMESPACES, '': {} } };
    await handle(message(2, { ephemeral: true }));
    expect(head()).toMatchObject({ epoch: 'epoch1', offset: 1 });
    expect(told().map(({ id }) => id)).toEqual(['m1', 'm2']);
  });

  it('that keeps messages again numbers them from 1', async () => {
    const [on, off] = [chat.namespaces, { ...NAMESPACES, '': {} }];
    await handle(message(1));
    chat = { ...chat, namespaces: off };
    await handle(message(2));
    chat = { ...chat, namespaces: on };
    await handle(message(3));
    expect(rows('general', 'epoch2').map(({ offset, publication }) => [offset, publication.id])).toEqual([[1, 'm3']]);
  });

  it('is one whose namespace has been taken out since the message was accepted', async () => {
    await chat.subscriptions.put('former:x', readerOf('r1'));
    await handle(message(1, { channel: 'former:x' }));
    expect(told()).toHaveLength(1);
    expect(chat.log.logs.size).toBe(0);
  });

  it('whose size is set and its time is not keeps nothing for long', async () => {
    chat = { ...chat, namespaces: { '': { historySize: 10 } } };
    await handle(message(1));
    expect(rows()[0]?.expiresAt).toBe(Date.UTC(2026, 0, 1) / 1000);
  });
});

describe('an ephemeral message', () => {
  it('has no row and no place, and keeps its turn among the others', async () => {
    await handle(message(1), message(2, { ephemeral: true }), message(3));
    expect(rows().map(({ offset, publication }) => [offset, publication.id])).toEqual([
      [1, 'm1'],
      [2, 'm3'],
    ]);
    expect(told().map(({ id, offset }) => [id, offset])).toEqual([
      ['m1', 1],
      ['m2', undefined],
      ['m3', 2],
    ]);
    expect(told()[1]).not.toHaveProperty('epoch');
  });

  it('alone changes nothing of the log', async () => {
    await handle(message(1));
    await handle(message(2, { ephemeral: true }));
    expect(head()).toMatchObject({ offset: 1, last: `events.fifo#${seqOf('1')}` });
  });

  it('that comes back is posted from its body, also where the log is beyond it', async () => {
    const ephemeral = { ephemeral: true } as const;
    await handle(message(1, ephemeral), message(2));
    await handle(message(1, ephemeral, 2));
    expect(told().map(({ id }) => id)).toEqual(['m1', 'm2', 'm1']);
  });
});

describe("a channel's position", () => {
  it('begins anew, with a new epoch, when it has not been used for so long that it was forgotten', async () => {
    await handle(message(1));
    chat.world.time += 30 * 24 * 3600 * 1000 - 1000;
    await handle(message(2));
    expect(head()).toMatchObject({ epoch: 'epoch1', offset: 2 });
    chat.world.time += 30 * 24 * 3600 * 1000;
    await handle(message(3));
    expect(head()).toMatchObject({ epoch: 'epoch2', offset: 1 });
  });

  it('is remembered for as long as the namespace says', async () => {
    chat = { ...chat, namespaces: { '': { historySize: 10, historyTtl: 60, historyMetaTtl: 8000 } } };
    await handle(message(1));
    expect(head()?.expiresAt).toBe(Date.UTC(2026, 0, 1) / 1000 + 8000);
  });
});
