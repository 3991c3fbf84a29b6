import { beforeEach, describe, expect, it } from 'vitest';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { keptAfter } from '../../../lambdas/chat/recovery.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import {
  type MemoryChat,
  memoryChat,
  publishEvent,
  removeHistoryEvent,
  subscribeEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
let channel: MemoryChannel;

const published = async (...ids: string[]) => {
  await channel.send(...ids.map((id) => publishEvent(id))).receiveAll();
};
/** `m1`, `m2`, … at offsets 1, 2, … */
const numbered = (count: number) => published(...Array.from({ length: count }, (_, i) => `m${i + 1}`));
const told = (connection = 'c1') => chat.posts.told(connection);
/** What a reader is answered, and the ids of what follows. */
const asks = async (more: Partial<SubscribeEvent>) => {
  await channel.send(subscribeEvent('c1', { id: 's1', ...more })).receiveAll();
  const [{ epoch, offset, recovered } = {}, ...missed] = told();
  return { epoch, offset, recovered, missed: missed.map(({ id }) => id) };
};
/** Rows up to this offset are over. */
const expire = (upTo: number) => {
  const rows = chat.log.logs.get('general epoch1');
  for (const [offset, row] of rows ?? []) if (offset <= upTo) rows?.set(offset, { ...row, expiresAt: 0 });
};

beforeEach(() => {
  chat = memoryChat({
    namespaces: {
      '': { historySize: 10, historyTtl: 3600 },
      live: {},
    },
  });
  channel = new MemoryChannel(chat);
});

describe('a reader that names where it stood', () => {
  it('is told so, and is sent all that it missed, once and in order', async () => {
    await numbered(5);
    expect(await asks({ since: { epoch: 'epoch1', offset: 2 } })).toEqual({
      epoch: 'epoch1',
      offset: 2,
      recovered: true,
      missed: ['m3', 'm4', 'm5'],
    });
  });

  it('and has missed nothing has recovered, without a read of the log', async () => {
    await numbered(2);
    chat.log.read = () => Promise.reject(new Error('not asked for'));
    expect(await asks({ since: { epoch: 'epoch1', offset: 2 } })).toEqual({
      epoch: 'epoch1',
      offset: 2,
      recovered: true,
      missed: [],
    });
  });

  it('at the beginning of a channel that nobody has used has recovered', async () => {
    expect(await asks({ since: { epoch: '', offset: 0 } })).toMatchObject({ offset: 0, recovered: true, missed: [] });
  });

  it('has recovered from just where the history begins', async () => {
    await numbered(12);
    expect(await asks({ since: { epoch: 'epoch1', offset: 2 } })).toMatchObject({
      offset: 2,
      recovered: true,
      missed: Array.from({ length: 10 }, (_, i) => `m${i + 3}`),
    });
  });

  it('is sent what came before it in the same batch, and after it what comes then', async () => {
    channel.send(publishEvent('m1'), publishEvent('m2'));
    channel.send(subscribeEvent('c1', { since: { epoch: 'epoch1', offset: 1 } }), publishEvent('m3'));
    await channel.receiveAll();
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 1],
      ['message', 2],
      ['message', 3],
    ]);
  });

  it('as nobody in particular, at 0, is sent everything, whatever the epoch', async () => {
    await numbered(3);
    expect(await asks({ since: { epoch: '', offset: 0 } })).toEqual({
      epoch: 'epoch1',
      offset: 0,
      recovered: true,
      missed: ['m1', 'm2', 'm3'],
    });
  });

  it.each([
    ['in another epoch', { epoch: 'former', offset: 10 }],
    ['in another epoch, at its beginning', { epoch: 'former', offset: 0 }],
    ['in no epoch, and not at the beginning', { epoch: '', offset: 10 }],
    ['beyond the head', { epoch: 'epoch1', offset: 13 }],
    ['as far as a number goes', { epoch: 'epoch1', offset: Number.MAX_SAFE_INTEGER }],
    ['before what is kept by its number', { epoch: 'epoch1', offset: 1 }],
    ['at the beginning, which is not kept any more', { epoch: '', offset: 0 }],
  ])('%s has not recovered, and is told the position and nothing else', async (_, since) => {
    await numbered(12);
    expect(await asks({ since })).toEqual({ epoch: 'epoch1', offset: 12, recovered: false, missed: [] });
  });

  it.each([1, 2, 3, 4])(
    'has not recovered where %i of what it missed is over, and is sent no part of it',
    async (n) => {
      await numbered(4);
      expire(n);
      expect(await asks({ since: { epoch: 'epoch1', offset: 0 } })).toEqual({
        epoch: 'epoch1',
        offset: 4,
        recovered: false,
        missed: [],
      });
    },
  );

  it('has recovered where only what it has is over', async () => {
    await numbered(4);
    expire(2);
    expect(await asks({ since: { epoch: 'epoch1', offset: 2 } })).toMatchObject({
      recovered: true,
      missed: ['m3', 'm4'],
    });
  });

  it('has not recovered where a message in the middle is missing', async () => {
    await numbered(4);
    chat.log.logs.get('general epoch1')?.delete(3);
    expect(await asks({ since: { epoch: 'epoch1', offset: 1 } })).toMatchObject({
      offset: 4,
      recovered: false,
      missed: [],
    });
  });

  it('never sees what was written beyond the head', async () => {
    await numbered(2);
    const row = chat.log.logs.get('general epoch1')?.get(2);
    if (row) chat.log.logs.get('general epoch1')?.set(3, { ...row, offset: 3 });
    expect(await asks({ since: { epoch: 'epoch1', offset: 0 } })).toMatchObject({
      recovered: true,
      missed: ['m1', 'm2'],
    });
  });

  it('in a channel without history has not recovered, and there is no position', async () => {
    await channel.send(subscribeEvent('c1', { channel: 'live:x', since: { epoch: '', offset: 0 } })).receiveAll();
    expect(told()).toEqual([{ type: 'subscribed', channel: 'live:x', recovered: false }]);
  });

  it('in an epoch that ended with the head is never shown what that epoch held', async () => {
    await numbered(3);
    chat.log.heads.delete('general');
    await published('new');
    expect(await asks({ since: { epoch: 'epoch1', offset: 0 } })).toEqual({
      epoch: 'epoch2',
      offset: 1,
      recovered: false,
      missed: [],
    });
  });
});

describe('a history that was removed', () => {
  beforeEach(async () => {
    await numbered(3);
    await channel.send(removeHistoryEvent()).receiveAll();
  });

  it('keeps its epoch and its offset, and offsets go on', async () => {
    await published('m4');
    expect(chat.log.heads.get('general')).toMatchObject({ epoch: 'epoch1', offset: 4, removed: 3 });
  });

  it.each([0, 1, 2])('gives nothing back to who stood at %i', async (offset) => {
    await published('m4');
    expect(await asks({ since: { epoch: 'epoch1', offset } })).toMatchObject({
      offset: 4,
      recovered: false,
      missed: [],
    });
  });

  it('has missed nothing of what came after it', async () => {
    await published('m4', 'm5');
    expect(await asks({ since: { epoch: 'epoch1', offset: 3 } })).toMatchObject({
      recovered: true,
      missed: ['m4', 'm5'],
    });
  });

  it('is none to go back into', async () => {
    await published('m4');
    expect(await asks({ rewind: 10 })).toMatchObject({ offset: 3, missed: ['m4'] });
  });
});

describe('what a channel keeps', () => {
  it.each([
    [12, 0, 10, 2],
    [12, 5, 10, 5],
    [5, 0, 10, 0],
    [5, 5, 10, 5],
    [5, 0, undefined, 5],
  ])('begins, at offset %i with %i removed and a size of %s, behind %i', (offset, removed, size, after) => {
    expect(keptAfter(offset, removed, size)).toBe(after);
  });
});

describe('a reader that goes back', () => {
  it('is sent so many of the newest messages, oldest first, and was never recovering', async () => {
    await numbered(5);
    expect(await asks({ rewind: 2 })).toEqual({
      epoch: 'epoch1',
      offset: 3,
      recovered: undefined,
      missed: ['m4', 'm5'],
    });
  });

  it.each([5, 6, 1_000_000])('%i is sent all that there is', async (rewind) => {
    await numbered(5);
    expect(await asks({ rewind })).toMatchObject({ offset: 0, missed: ['m1', 'm2', 'm3', 'm4', 'm5'] });
  });

  it('more than is kept is sent what is kept', async () => {
    await numbered(12);
    expect(await asks({ rewind: 100 })).toMatchObject({
      offset: 2,
      missed: Array.from({ length: 10 }, (_, i) => `m${i + 3}`),
    });
  });

  it('not at all is sent nothing, without a read of the log', async () => {
    await numbered(2);
    chat.log.read = () => Promise.reject(new Error('not asked for'));
    expect(await asks({ rewind: 0 })).toMatchObject({ offset: 2, missed: [] });
  });

  it('where there is nothing is sent nothing', async () => {
    expect(await asks({ rewind: 5 })).toMatchObject({ offset: 0, missed: [] });
  });

  it.each([
    [[1, 2], 2, ['m3', 'm4', 'm5']],
    [[3], 3, ['m4', 'm5']],
    [[2, 4], 4, ['m5']],
    [[5], 5, []],
    [[1, 2, 3, 4, 5], 5, []],
  ])('is sent only what is behind the last hole: without %j it begins at %i', async (missing, offset, missed) => {
    await numbered(5);
    for (const one of missing) chat.log.logs.get('general epoch1')?.delete(one);
    expect(await asks({ rewind: 10 })).toMatchObject({ offset, missed });
  });

  it('behind a hole at the end of a piece is sent what the next piece holds', async () => {
    const read = chat.log.read.bind(chat.log);
    chat.log.read = (name, range) => read(name, { ...range, upTo: Math.min(range.upTo, range.after + 2) });
    await numbered(4);
    chat.log.logs.get('general epoch1')?.delete(2);
    expect(await asks({ rewind: 10 })).toMatchObject({ offset: 2, missed: ['m3', 'm4'] });
  });

  it('in a channel without history is sent nothing', async () => {
    await channel.send(subscribeEvent('c1', { channel: 'live:x', rewind: 5 })).receiveAll();
    expect(told()).toEqual([{ type: 'subscribed', channel: 'live:x' }]);
  });
});
