import { beforeEach, describe, expect, it } from 'vitest';
import { type ChannelEvent, type Delivered, EVENT_VERSION } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import {
  inHand,
  leaseOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  publishEvent,
  readerOf,
  removeHistoryEvent,
  subscribeEvent,
} from '../../support/memory-chat.ts';
import type { MemoryLease } from '../../support/memory-ports.ts';

let chat: MemoryChat;
let lease: MemoryLease;
const handle = (...items: Delivered[]) => deliver(chat, items, lease);
const message = (number: number, channel = 'general', receives = 1) =>
  inHand(number, publishEvent(`m${number}`, { channel }), receives);
const log = (channel: string) =>
  [...chat.log.logs]
    .filter(([key]) => key.startsWith(`${channel} `))
    .flatMap(([, rows]) => [...rows.values()])
    .map((row) => row.publication.id);
const away = () => Promise.reject(new Unavailable('away'));

/** The log of these channels is away. */
const failing = (...channels: string[]) => {
  const append = chat.log.append.bind(chat.log);
  chat.log.append = (channel, ...rest) => (channels.includes(channel) ? away() : append(channel, ...rest));
};

beforeEach(() => {
  chat = memoryChat();
  lease = leaseOf(chat);
});

describe('a batch', () => {
  it('of several channels is handled side by side, each channel in its order', async () => {
    await chat.subscriptions.put('a', readerOf('r1'));
    await chat.subscriptions.put('b', readerOf('r2', { from: { epoch: 'epoch2', offset: 0 } }));
    chat.posts.takesMs = () => 1_000;
    const began = chat.world.now();
    expect(await handle(message(1, 'a'), message(2, 'b'), message(3, 'a'), message(4, 'b'))).toEqual([]);
    expect([log('a'), log('b')]).toEqual([
      ['m1', 'm3'],
      ['m2', 'm4'],
    ]);
    expect(chat.world.now() - began).toBe(1_000);
    expect(lease.given).toEqual([]);
  });

  it('of an empty queue is nothing to do', async () => {
    expect(await handle()).toEqual([]);
  });

  it('claims each channel once, up to the last of its events', async () => {
    await handle(message(1, 'a'), message(2, 'b'), message(3, 'a'));
    expect(chat.log.heads.get('a')).toMatchObject({ turn: 1, claimed: `events.fifo#${seqOf('3')}` });
    expect(chat.log.heads.get('b')).toMatchObject({ turn: 1, claimed: `events.fifo#${seqOf('2')}` });
  });

  it('asks for the readers beside the claim', async () => {
    const trace: string[] = [];
    const [claim, of] = [chat.log.claim.bind(chat.log), chat.subscriptions.of.bind(chat.subscriptions)];
    chat.subscriptions.of = (channel) => {
      trace.push('readers are asked for');
      return of(channel);
    };
    chat.log.claim = async (...args) => {
      const head = await claim(...args);
      trace.push('claimed');
      return head;
    };
    await handle(message(1));
    expect(trace).toEqual(['readers are asked for', 'claimed']);
  });

  it('has a run of messages end where a membership event stands between them', async () => {
    const runs: number[] = [];
    const append = chat.log.append.bind(chat.log);
    chat.log.append = (channel, epoch, turn, rows, expiresAt) => {
      runs.push(rows.length);
      return append(channel, epoch, turn, rows, expiresAt);
    };
    await handle(message(1), message(2), inHand(3, subscribeEvent('c1')), message(4));
    expect(runs).toEqual([2, 1]);
    expect(chat.posts.told('c1').map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 2],
      ['message', 3],
    ]);
  });
});

describe('the removal of a history', () => {
  const removal = (number: number, receives = 1) => inHand(number, removeHistoryEvent(), receives);
  const head = () => chat.log.heads.get('general');

  it('takes out what was published before it, and nothing that came after it', async () => {
    await handle(message(1), message(2), removal(3), message(4));
    expect(head()).toMatchObject({ epoch: 'epoch1', offset: 3, removed: 2 });
    expect(log('general')).toEqual(['m1', 'm2', 'm4']);
  });

  it('is told to nobody', async () => {
    await chat.subscriptions.put('general', readerOf('r1'));
    await handle(removal(1));
    expect(chat.posts.attempts).toEqual([]);
  });

  it('twice is done twice', async () => {
    await handle(message(1), removal(2), removal(3));
    expect(head()).toMatchObject({ offset: 1, removed: 1 });
  });

  it('that comes back takes nothing out that was published after it', async () => {
    await handle(message(1), removal(2), message(3));
    expect(await handle(removal(2, 2), message(3, 'general', 2), message(4))).toEqual([]);
    expect(head()).toMatchObject({ offset: 3, removed: 1 });
  });

  it('that comes back undone is done then', async () => {
    const removeHistory = chat.log.removeHistory;
    chat.log.removeHistory = away;
    const items = [removal(2), message(3)];
    expect(await handle(message(1), ...items)).toEqual(items);
    chat.log.removeHistory = removeHistory;
    await handle(removal(2, 2), message(3, 'general', 2));
    expect(head()).toMatchObject({ offset: 2, removed: 1 });
  });

  it('of a channel that has no history changes nothing', async () => {
    await handle(inHand(1, removeHistoryEvent('live:x')));
    expect(chat.log.heads.get('live:x')).toMatchObject({ offset: 0, removed: 0 });
  });

  it('lasts until the epoch ends', async () => {
    await handle(message(1), removal(2));
    chat.world.time += 31 * 24 * 3600 * 1000;
    lease = leaseOf(chat);
    await handle(message(3));
    expect(head()).toMatchObject({ epoch: 'epoch2', offset: 1, removed: 0 });
  });
});

describe('what cannot be done', () => {
  it("is given back from the channel's first unfinished event on, and no other channel's", async () => {
    failing('a');
    const items = [message(1, 'a'), message(2, 'b'), message(3, 'a')];
    expect(await handle(...items)).toEqual([items[0], items[2]]);
    expect(log('b')).toEqual(['m2']);
    expect(lease.given).toEqual([{ items: [items[0], items[2]], seconds: 1 }]);
  });

  it('keeps what was finished before it', async () => {
    const items = [message(1), inHand(2, subscribeEvent('c1')), message(3)];
    chat.subscriptions.put = away;
    expect(await handle(...items)).toEqual(items.slice(1));
    expect(log('general')).toEqual(['m1']);
  });

  it.each([
    [1, 1],
    [2, 2],
    [7, 7],
    [30, 30],
    [31, 30],
    [999, 30],
  ])('received %i times comes back after %i s', async (receives, seconds) => {
    failing('general');
    await handle(message(1, 'general', receives));
    expect(lease.given.map((given) => given.seconds)).toEqual([seconds]);
  });

  it('comes back before it could be taken for what a dead worker had, however long this one took', async () => {
    failing('general');
    const peek = chat.log.peek.bind(chat.log);
    chat.log.peek = (channel) => {
      chat.world.time += 11_400;
      return peek(channel);
    };
    await handle(message(1, 'general', 99));
    expect(lease.given.map(({ seconds }) => seconds)).toEqual([26]);
  });

  it('comes back at once where the visibility timeout is so short that no time is left', async () => {
    failing('general');
    Object.assign(lease, { deathAfterMs: 1_000 });
    await handle(message(1, 'general', 9));
    expect(lease.given.map(({ seconds }) => seconds)).toEqual([0]);
  });

  it('is made visible last of all, when every channel of the batch is done', async () => {
    failing('a');
    await chat.subscriptions.put('b', readerOf('r1', { from: { epoch: 'epoch2', offset: 0 } }));
    chat.posts.takesMs = () => 1_000;
    let posted = false;
    chat.posts.answer = () => {
      posted = true;
      return 'delivered';
    };
    lease.giveBack = async () => {
      expect(posted).toBe(true);
    };
    expect(await handle(message(1, 'a'), message(2, 'b'))).toHaveLength(1);
  });

  it('comes back by itself where it cannot be made visible', async () => {
    failing('general');
    lease.giveBack = away;
    const items = [message(1)];
    expect(await handle(...items)).toEqual(items);
    expect(chat.logger.lines.at(-1)).toMatchObject({ level: 'warn', message: 'events could not be made visible' });
  });

  it('is everything where the channel cannot even be claimed', async () => {
    chat.log.claim = away;
    const items = [message(1), message(2)];
    expect(await handle(...items)).toEqual(items);
    expect(chat.log.heads.size).toBe(0);
  });

  it('is logged with its cause, without what was said', async () => {
    failing('general');
    await handle(inHand(1, publishEvent('m1', { data: 'a secret' })));
    expect(chat.logger.lines).toMatchObject([{ level: 'warn', fields: { channel: 'general', events: 1 } }]);
    expect(JSON.stringify(chat.logger.lines)).not.toContain('a secret');
  });
});

describe('the deadline of a worker', () => {
  it('gives back what has not begun, and lets go of it', async () => {
    const items = [message(1), inHand(2, leaveEvent('c1')), message(3)];
    chat.subscriptions.remove = async () => {
      chat.world.time = lease.endsAt;
    };
    expect(await handle(...items)).toEqual(items.slice(2));
    expect(log('general')).toEqual(['m1']);
    expect(chat.log.heads.get('general')?.claimed).toBe('');
  });

  it('gives back everything where it is over before the first event', async () => {
    chat.world.time = lease.endsAt;
    const items = [message(1)];
    expect(await handle(...items)).toEqual(items);
    expect(chat.log.logs.size).toBe(0);
  });
});

describe('a newer event than this code knows', () => {
  const newer = (number: number, channel: string, receives = 1) =>
    inHand(number, { v: EVENT_VERSION + 1, type: 'shout', channel } as unknown as ChannelEvent, receives);

  it('waits 30 s with all that is behind it, and what is before it and other channels go on', async () => {
    const items = [message(1, 'a'), newer(2, 'a'), message(3, 'a'), message(4, 'b')];
    expect(await handle(...items)).toEqual(items.slice(1, 3));
    expect([log('a'), log('b')]).toEqual([['m1'], ['m4']]);
    expect(lease.given).toEqual([{ items: items.slice(1, 3), seconds: 30 }]);
  });

  it('is never parked, however often it comes, and raises no suspicion', async () => {
    for (let i = 1; i <= 50; i++) {
      lease = leaseOf(chat);
      expect(await handle(newer(1, 'a', i))).toHaveLength(1);
      expect(lease.given).toMatchObject([{ seconds: 30 }]);
      chat.world.time += 60_000;
    }
    expect(chat.parking.parked).toEqual([]);
    expect(chat.log.heads.size).toBe(0);
  });
});

describe('a lease that is lost', () => {
  it('has the event, and all of its channel behind it, left to others, and nothing of it done', async () => {
    const items = [message(1, 'a'), message(2, 'a', 2), message(3, 'a'), message(4, 'b')];
    lease.holds = (item) => item !== items[1];
    expect(await handle(...items)).toEqual(items.slice(1, 3));
    expect([log('a'), log('b')]).toEqual([['m1'], ['m4']]);
  });

  it('on all events has nothing done at all', async () => {
    lease.holds = () => false;
    const items = [message(1), message(2)];
    expect(await handle(...items)).toEqual(items);
    expect(chat.log.heads.size).toBe(0);
  });

  it('comes back by its own count where a newer event is behind it', async () => {
    const lost = message(1, 'a', 3);
    const newer = inHand(2, { v: EVENT_VERSION + 1, type: 'shout', channel: 'a' } as unknown as ChannelEvent);
    lease.holds = (item) => item !== lost;
    await handle(lost, newer);
    expect(lease.given).toEqual([{ items: [lost, newer], seconds: 3 }]);
  });

  it('that cannot be told gives the whole batch back', async () => {
    lease.hold = away;
    const items = [message(1, 'a', 4), message(2, 'b')];
    expect(await handle(...items)).toEqual(items);
    expect(lease.given).toEqual([{ items, seconds: 4 }]);
    expect(chat.logger.lines).toMatchObject([{ message: 'a batch was given back whole', fields: { events: 2 } }]);
  });
});

describe('suspects in a batch', () => {
  /** A worker that had these events has died. */
  const died = async (channel: string, upTo: number) => {
    await chat.log.claim(channel, { claimed: seqOf(String(upTo)), suspect: '', now: chat.world.now(), ttl: 1_000 });
    chat.world.time += 45_000;
    lease = leaseOf(chat);
  };

  it('are handled without company: the rest of the batch is given back untouched, visible at once, before they begin', async () => {
    await died('a', 1);
    const items = [message(1, 'a', 2), message(2, 'b'), message(3, 'a'), message(4, 'c', 5)];
    chat.log.claim = (() => {
      const claim = chat.log.claim.bind(chat.log);
      return (...args: Parameters<typeof claim>) => {
        expect(lease.given).toEqual([{ items: [items[1], items[3]], seconds: 0 }]);
        return claim(...args);
      };
    })();
    expect(await handle(...items)).toEqual([items[1], items[3]]);
    expect([log('a'), log('b'), log('c')]).toEqual([['m1', 'm3'], [], []]);
    expect(lease.given).toHaveLength(1);
  });

  it('of two channels are handled by one worker each', async () => {
    await died('a', 1);
    await chat.log.claim('b', { claimed: seqOf('2'), suspect: '', now: chat.world.now() - 45_000, ttl: 1_000 });
    const items = [message(1, 'a', 2), message(2, 'b', 2)];
    expect(await handle(...items)).toEqual([items[1]]);
    expect([log('a'), log('b')]).toEqual([['m1'], []]);
  });

  it('of a channel alone in its batch are handled at once', async () => {
    await died('a', 2);
    expect(await handle(message(1, 'a', 2), message(2, 'a', 2))).toEqual([]);
    expect(lease.given).toEqual([]);
  });

  it('are not begun where the rest cannot be given back: then the whole batch is', async () => {
    await died('a', 1);
    const giveBack = lease.giveBack.bind(lease);
    lease.giveBack = (items, seconds) => (seconds === 0 ? away() : giveBack(items, seconds));
    const items = [message(1, 'a', 2), message(2, 'b')];
    expect(await handle(...items)).toEqual(items);
    expect(lease.given).toEqual([{ items, seconds: 2 }]);
    expect(log('a')).toEqual([]);
  });

  it('have what is newer of another channel given back at once with the rest, and what is newer of their own after 30 s', async () => {
    await died('a', 1);
    const newer = (number: number, channel: string) =>
      inHand(number, { v: EVENT_VERSION + 1, type: 'shout', channel } as unknown as ChannelEvent);
    const items = [message(1, 'a', 2), newer(2, 'a'), newer(3, 'b')];
    expect(await handle(...items)).toEqual([items[2], items[1]]);
    expect(lease.given).toEqual([
      { items: [items[2]], seconds: 0 },
      { items: [items[1]], seconds: 30 },
    ]);
  });

  it.each([
    ['were never claimed', 0, 45_000, 2],
    ['come back before the visibility timeout is over', 1, 39_999, 2],
    ['are received for the first time', 1, 45_000, 1],
  ])('are none where the events %s', async (_, claimed, ms, receives) => {
    if (claimed > 0) await chat.log.claim('a', { claimed: seqOf('1'), suspect: '', now: chat.world.now(), ttl: 1_000 });
    chat.world.time += ms;
    lease = leaseOf(chat);
    expect(await handle(message(1, 'a', receives), message(2, 'b'))).toEqual([]);
    expect(chat.log.heads.get('a')?.suspect).toBe('');
  });

  it('are told by the visibility timeout that the queue has', async () => {
    await died('a', 1);
    Object.assign(lease, { deathAfterMs: 60_000 });
    expect(await handle(message(1, 'a', 2), message(2, 'b'))).toEqual([]);
  });

  it('cannot be told where the head cannot be read: the whole batch is given back', async () => {
    chat.log.peek = away;
    const items = [message(1, 'a', 2), message(2, 'b')];
    expect(await handle(...items)).toEqual(items);
    expect(log('b')).toEqual([]);
  });
});

describe('a bug outside of any event', () => {
  it('in making events visible again is thrown, so that Lambda gives all of them back', async () => {
    failing('general');
    lease.giveBack = () => Promise.reject(new TypeError('a bug'));
    await expect(handle(message(1))).rejects.toThrow(TypeError);
  });

  it('in letting go of a channel gives the whole batch back', async () => {
    failing('a');
    chat.log.release = () => Promise.reject(new TypeError('a bug'));
    const items = [message(1, 'a'), message(2, 'b')];
    expect(await handle(...items)).toEqual(items);
  });
});
