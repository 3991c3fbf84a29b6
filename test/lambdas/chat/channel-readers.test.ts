import { beforeEach, describe, expect, it } from 'vitest';
import { readersOf } from '../../../lambdas/chat/channel-readers.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { readerOf } from '../../support/memory-chat.ts';
import { MemorySubscriptions } from '../../support/memory-records.ts';

let subscriptions: MemorySubscriptions;
let queries: number;
const readers = (ahead: boolean) => readersOf(subscriptions, 'general', ahead);

beforeEach(async () => {
  subscriptions = new MemorySubscriptions();
  await subscriptions.put('general', readerOf('c1'));
  queries = 0;
  const of = subscriptions.of.bind(subscriptions);
  subscriptions.of = (channel) => {
    queries++;
    return of(channel);
  };
});

describe("a channel's readers", () => {
  it('are queried at once where all of them will be needed, and once for all', async () => {
    const all = readers(true);
    expect(queries).toBe(1);
    expect(await all.all()).toEqual([readerOf('c1')]);
    expect(await all.find('c1')).toEqual(readerOf('c1'));
    await all.all();
    expect(queries).toBe(1);
  });

  it('are not queried where only single ones are asked for', async () => {
    const some = readers(false);
    expect(await some.find('c1')).toEqual(readerOf('c1'));
    expect(await some.find('c2')).toBeUndefined();
    await some.put(readerOf('c2'));
    await some.remove('c1');
    await some.silence('c2');
    expect(queries).toBe(0);
    expect(await some.all()).toEqual([readerOf('c2')]);
  });

  it('are kept as the batch changes them, in memory and in the table', async () => {
    const all = readers(true);
    await all.put(readerOf('c2'));
    await all.remove('c1');
    expect(await all.all()).toEqual([readerOf('c2')]);
    expect(await subscriptions.of('general')).toEqual([readerOf('c2')]);
  });

  it('that are silenced are cut for this batch, and for no other', async () => {
    const all = readers(true);
    await all.silence('c1');
    await all.silence('nobody');
    expect(await all.all()).toEqual([readerOf('c1', { cut: true })]);
    expect(await subscriptions.of('general')).toEqual([readerOf('c1')]);
  });

  it('that cannot be read fail whoever needs them, and nobody else', async () => {
    subscriptions.of = () => Promise.reject(new Unavailable('away'));
    const all = readers(true);
    await expect(all.all()).rejects.toThrow(Unavailable);
    await expect(all.find('c1')).rejects.toThrow(Unavailable);
    readers(true); // an unhandled rejection would fail this test
    await new Promise((resolve) => setImmediate(resolve));
  });
});
