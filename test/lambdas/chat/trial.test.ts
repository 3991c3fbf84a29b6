import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelEvent, Delivered, PublishEvent } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { jsonFormat } from '../../../lambdas/protocol/json.ts';
import {
  connectionOf,
  inHand,
  leaseOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  moreEvent,
  publishEvent,
  readerOf,
  removeHistoryEvent,
  subscribeEvent,
  unsubscribeEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
/** What goes wrong with these messages, at the writing of the log. */
let poisoned: Map<string, () => Promise<void>>;
let delays: number[];

const bug = () => Promise.reject(new TypeError('a bug'));
/** The worker that does this never comes back. */
const death = () => new Promise<void>(() => undefined);
const outage = () => Promise.reject(new Unavailable('away'));

const stored = (number: number) => `events.fifo#${seqOf(String(number))}`;
const head = () => chat.log.heads.get('general');
const log = () => [...(chat.log.logs.get('general epoch1')?.values() ?? [])].map(({ publication }) => publication.id);
const parked = () => chat.parking.parked.map(({ item }) => item.seq);

/** A channel's queue: what is not done comes back, after the time for which it was given back. */
let waiting: Delivered[];
const enqueue = (...events: ChannelEvent[]) => {
  for (const event of events) waiting.push(inHand(++numbers, event, 0));
};
let numbers: number;

/** One receive of all that waits. A worker that dies is noticed 45 s later. */
async function receive(): Promise<number> {
  const batch = waiting.slice(0, 10).map((item) => ({ ...item, receives: item.receives + 1 }));
  const lease = leaseOf(chat);
  const began = chat.world.now();
  const failed = await Promise.race([deliver(chat, batch, lease), died()]);
  const left = failed ?? batch;
  waiting = [...left, ...waiting.slice(10)];
  const seconds = failed === undefined ? 45 : (lease.given.at(-1)?.seconds ?? 0);
  if (left.length > 0) delays.push(seconds);
  chat.world.time = Math.max(chat.world.time, began) + seconds * 1000;
  return left.length;
}

/** Resolves when nothing can go on any more: all that is left waits for ever. */
const died = () =>
  new Promise<undefined>((resolve) => {
    let turns = 50;
    const next = () => (turns-- > 0 ? setImmediate(next) : resolve(undefined));
    next();
  });

/** Receives until nothing waits any more; answers how often that took. */
async function receiveAll(): Promise<number> {
  for (let times = 1; times <= 40; times++) if ((await receive()) === 0) return times;
  throw new Error('it does not come to an end');
}

beforeEach(async () => {
  chat = memoryChat();
  poisoned = new Map();
  delays = [];
  waiting = [];
  numbers = 0;
  await chat.subscriptions.put('general', readerOf('r1'));
  const append = chat.log.append.bind(chat.log);
  chat.log.append = async (channel, epoch, turn, rows, expiresAt) => {
    for (const { publication } of rows) await poisoned.get(publication.id)?.();
    return append(channel, epoch, turn, rows, expiresAt);
  };
});

describe('a message whose handling always throws', () => {
  beforeEach(() => {
    poisoned.set('m2', bug);
    enqueue(...['m1', 'm2', 'm3', 'm4'].map((id) => publishEvent(id, { connection: `of-${id}` })));
  });

  it('makes suspects of its batch, which are handled one by one from then on', async () => {
    expect(await receive()).toBe(4);
    expect(head()).toMatchObject({ suspect: stored(4), offset: 0 });
    expect(await receive()).toBe(3);
    expect(log()).toEqual(['m1']);
    expect(head()?.trial).toEqual({ seq: stored(2), failures: 1, after: false });
  });

  it('is parked at its second failure, and its followers go on in their order', async () => {
    await receiveAll();
    expect(parked()).toEqual([seqOf('2')]);
    expect(chat.parking.parked[0]?.why).toBe('failed 2 times by itself');
    expect(log()).toEqual(['m1', 'm3', 'm4']);
    expect(chat.posts.told('r1').map(({ id }) => id)).toEqual(['m1', 'm3', 'm4']);
    expect(chat.metrics.counts.get('EventParked')).toBe(1);
  });

  it('is told to its publisher by the end of its connection, and to nobody else', async () => {
    await receiveAll();
    expect(chat.later.ends).toEqual([{ connection: 'of-m2', channel: 'general' }]);
  });

  it('holds its channel up for some seconds, not for a visibility timeout', async () => {
    await receiveAll();
    expect(delays.reduce((a, b) => a + b, 0)).toBeLessThan(10);
  });

  it('leaves no suspicion on what comes later: it is handled in full batches again', async () => {
    await receiveAll();
    let appends = 0;
    const append = chat.log.append;
    chat.log.append = (...args) => {
      appends++;
      return append(...args);
    };
    enqueue(...['m5', 'm6', 'm7'].map((id) => publishEvent(id)));
    await receiveAll();
    expect(appends).toBe(1);
  });
});

describe('a message that kills its worker', () => {
  beforeEach(() => {
    poisoned.set('m2', death);
    enqueue(...['m1', 'm2', 'm3'].map((id) => publishEvent(id)));
  });

  it('is parked when it has killed twice by itself, and its followers go on', async () => {
    await receiveAll();
    expect(parked()).toEqual([seqOf('2')]);
    expect(log()).toEqual(['m1', 'm3']);
    expect(delays.filter((seconds) => seconds === 45)).toHaveLength(3);
  });

  it('is suspected with all that its worker had claimed, also what the next batch does not hold', async () => {
    await receive();
    waiting = waiting.slice(0, 1);
    await receive();
    expect(head()?.suspect).toBe(stored(3));
  });

  it('is not found guilty of what AWS does meanwhile', async () => {
    await receive();
    poisoned.set('m2', outage);
    for (let i = 0; i < 20; i++) await receive();
    expect(head()?.trial).toEqual({ seq: stored(2), failures: 0, after: false });
    poisoned.delete('m2');
    await receiveAll();
    expect(parked()).toEqual([]);
    expect(log()).toEqual(['m1', 'm2', 'm3']);
  });
});

describe('what AWS refuses', () => {
  it('is waited out as long as it lasts: it raises no suspicion and parks nothing', async () => {
    poisoned.set('m1', outage);
    enqueue(publishEvent('m1'), publishEvent('m2'));
    for (let i = 0; i < 40; i++) await receive();
    expect(head()?.suspect).toBe('');
    poisoned.clear();
    await receiveAll();
    expect(log()).toEqual(['m1', 'm2']);
    expect(parked()).toEqual([]);
  });

  it('is no death, however late the events come back', async () => {
    poisoned.set('m1', outage);
    enqueue(publishEvent('m1'));
    await receive();
    chat.world.time += 10 * 60_000;
    await receive();
    expect(head()?.suspect).toBe('');
  });

  it('is told by time alone where even the claim cannot be taken back', async () => {
    poisoned.set('m1', outage);
    chat.log.release = outage;
    enqueue(publishEvent('m1'));
    await receive();
    expect(chat.logger.lines.map(({ message }) => message)).toContain('a claim was not taken back');
    await receive();
    expect(head()?.suspect).toBe('');
    expect(delays).toEqual([1, 2]);
  });

  it('at the parking of an event parks it later', async () => {
    poisoned.set('m1', bug);
    const park = chat.parking.park;
    chat.parking.park = outage;
    enqueue(publishEvent('m1'), publishEvent('m2'));
    for (let i = 0; i < 6; i++) await receive();
    expect(log()).toEqual([]);
    chat.parking.park = park;
    await receiveAll();
    expect(parked()).toEqual([seqOf('1')]);
    expect(log()).toEqual(['m2']);
  });
});

describe('an event behind one that was parked', () => {
  const throwing = (...ids: string[]) => {
    for (const id of ids) poisoned.set(id, bug);
  };

  it('has ten failures, 30 s apart, since the fault may not be its own', async () => {
    throwing('m1', 'm2');
    enqueue(publishEvent('m1'), publishEvent('m2'), publishEvent('m3'));
    await receiveAll();
    expect(parked()).toEqual([seqOf('1'), seqOf('2')]);
    expect(chat.parking.parked.map(({ why }) => why)).toEqual([
      'failed 2 times by itself',
      'failed 10 times by itself',
    ]);
    expect(delays.filter((seconds) => seconds === 30)).toHaveLength(10);
    expect(log()).toEqual(['m3']);
  });

  it('is not parked by a broken deploy that is mended in time: one event is parked, and the order is kept', async () => {
    throwing('m1', 'm2', 'm3');
    enqueue(publishEvent('m1'), publishEvent('m2'), publishEvent('m3'));
    for (let i = 0; i < 8; i++) await receive();
    poisoned.clear();
    await receiveAll();
    expect(parked()).toEqual([seqOf('1')]);
    expect(log()).toEqual(['m2', 'm3']);
  });
});

describe('an event that is parked', () => {
  /** The posting of these messages fails, when they are in the log. */
  const failsToPost = (...ids: string[]) => {
    const json = {
      ...jsonFormat,
      message: (channel: string, publication: Parameters<typeof jsonFormat.message>[1]) => {
        if (ids.includes(publication.id)) throw new TypeError('a bug');
        return jsonFormat.message(channel, publication);
      },
    };
    chat = { ...chat, formats: { ...chat.formats, json } };
  };

  it('and is in the log already is recovered from there: every reader is cut, once', async () => {
    failsToPost('m1');
    await chat.subscriptions.put('general', readerOf('r2'));
    await chat.subscriptions.put('general', readerOf('r3', { cut: true }));
    enqueue(publishEvent('m1'), publishEvent('m2'));
    await receiveAll();
    expect(parked()).toEqual([seqOf('1')]);
    expect(log()).toEqual(['m1', 'm2']);
    expect(chat.later.ends.map(({ connection }) => connection)).toEqual(['r1', 'r2']);
    expect(chat.posts.attempts).toEqual([]);
  });

  it('and was published by a server is told to nobody', async () => {
    poisoned.set('m1', bug);
    const { connection: _, user: __, ...server } = publishEvent('m1');
    enqueue(server as PublishEvent);
    await receiveAll();
    expect(parked()).toHaveLength(1);
    expect(chat.later.ends).toEqual([]);
  });

  const unknown = { v: 1, type: 'unreadable', channel: 'general' } as unknown as ChannelEvent;
  it.each<[string, ChannelEvent, string[]]>([
    ['a subscribe', subscribeEvent('r2'), ['r2']],
    ['an unsubscribe', unsubscribeEvent('r1'), ['r1']],
    ['more of what was missed', moreEvent('r1'), ['r1']],
    ['a leave', leaveEvent('r1'), []],
    ['the removal of the history', removeHistoryEvent(), []],
    ['nothing that can be read', unknown, []],
  ])('and is %s has its own connection ended, unless that is gone', async (_, event, ended) => {
    const broken = () => {
      throw new TypeError('a bug');
    };
    const json = { ...jsonFormat, subscribed: broken, unsubscribed: broken };
    chat = { ...chat, formats: { ...chat.formats, json } };
    chat.subscriptions.remove = bug;
    chat.log.read = bug;
    chat.log.removeHistory = bug;
    await chat.subscriptions.put('general', readerOf('r1', { at: 0 }));
    await chat.connections.create(connectionOf('r2', { channels: { general: 's-r2' } }));
    enqueue(event, publishEvent('m1'));
    await receiveAll();
    expect(parked()).toEqual([seqOf('1')]);
    expect(chat.later.ends.map(({ connection }) => connection)).toEqual(ended);
    expect(log()).toEqual(['m1']);
  });

  it('is not posted to in the same batch once it is cut', async () => {
    poisoned.set('m1', bug);
    enqueue(publishEvent('m1', { connection: 'r1' }), publishEvent('m2'));
    await receiveAll();
    expect(chat.posts.attempts).toEqual([]);
  });
});

describe('suspects', () => {
  it('are handled one by one, membership events too, and finished ones are passed over when they come back', async () => {
    await chat.log.claim('general', { claimed: '', suspect: seqOf('3'), now: chat.world.now(), ttl: 100 });
    enqueue(publishEvent('m1'), subscribeEvent('r2'), publishEvent('m3'), publishEvent('m4'));
    const all = [...waiting];
    waiting = waiting.map((item) => ({ ...item, receives: 1 }));
    expect(await receive()).toBe(0);
    expect(log()).toEqual(['m1', 'm3', 'm4']);
    expect(head()?.trial.seq).toBe(stored(3));
    const posts = chat.posts.attempts.length;
    waiting = all.slice(0, 2).map((item) => ({ ...item, receives: 2 }));
    expect(await receive()).toBe(0);
    expect(chat.posts.attempts).toHaveLength(posts);
  });

  it('are none where the head has been lost', async () => {
    waiting = [inHand(1, publishEvent('m1'), 3)];
    expect(await receive()).toBe(0);
    expect(log()).toEqual(['m1']);
  });
});
