import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection } from '../../../lambdas/chat/ports.ts';
import { longestSilence, minutesDue, type SweepTask, sweep } from '../../../lambdas/chat/sweep.ts';
import { connectionOf, leaveEvent, type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

const MINUTE = 60_000;
const INTERVALS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/** Two hours, and what a record may outlive them. */
const LIFE_MIN = 130;

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;
const MADE = Math.floor((SECOND * 1000) / MINUTE);

const isThere = (id: string, more: Partial<Connection> = {}) => chat.connections.create(connectionOf(id, more));
const visit = (task: Partial<SweepTask> = {}) => sweep(chat, { minutes: [MADE], ...task }, chat.world.now() + 60_000);
/** The connections that were posted to, in the order of the posts. */
const posted = () => chat.posts.attempts.map(({ connection }) => connection);

beforeEach(() => {
  chat = memoryChat();
});

describe('the minutes that are due', () => {
  it('are each ninth one, the youngest of which would else be idle for more than nine', () => {
    const [first, second, ...rest] = minutesDue(1_000 * MINUTE + 59_999, 9);
    expect([first, second]).toEqual([992, 983]);
    expect(rest.at(-1)).toBe(875);
  });

  it('leave alone connections that may be younger than a minute', () => {
    for (const interval of INTERVALS) expect(minutesDue(1_000 * MINUTE, interval)[0]).toBeLessThanOrEqual(998);
    expect(minutesDue(1_000 * MINUTE, 1)[0]).toBe(998);
  });

  it('visit each connection of more than two minutes at least as often as is said, for as long as it can last', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...INTERVALS),
        fc.nat(1_000_000),
        fc.array(fc.nat(MINUTE - 1), { minLength: LIFE_MIN + 1, maxLength: LIFE_MIN + 1 }),
        (interval, made, seconds) => {
          // the schedule comes once in each minute, at any time of it
          const visits = seconds
            .map((within, age) => (made + age) * MINUTE + within)
            .filter((now) => minutesDue(now, interval).includes(made))
            .map((now) => Math.floor(now / MINUTE) - made);
          expect(visits[0]).toBeLessThanOrEqual(Math.max(interval - 1, 2));
          expect(visits[0]).toBeGreaterThanOrEqual(2);
          for (const [i, age] of visits.entries()) if (i > 0) expect(age).toBe(Number(visits[i - 1]) + interval);
          expect(visits.at(-1)).toBeGreaterThan(LIFE_MIN - interval);
        },
      ),
    );
  });

  it('are together every minute, once each, over any interval', () => {
    fc.assert(
      fc.property(fc.constantFrom(...INTERVALS), fc.integer({ min: 1_000, max: 1_000_000 }), (interval, minute) => {
        const visited = Array.from({ length: interval }, (_, i) => minutesDue((minute + i) * MINUTE, interval)).flat();
        expect(new Set(visited).size).toBe(visited.length);
        for (let made = minute - 120; made <= minute - 2; made++) expect(visited).toContain(made);
      }),
    );
  });
});

describe('the longest time without a ping', () => {
  it('is a minute longer than the interval: the schedule may come early in one minute and late in another', () => {
    expect(INTERVALS.map(longestSilence)).toEqual([180, 180, 240, 300, 360, 420, 480, 540, 600]);
  });

  it('is never passed, whenever in its minute the connection was made and the schedule comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...INTERVALS),
        fc.nat(1_000_000),
        fc.nat(MINUTE - 1),
        fc.array(fc.nat(MINUTE - 1), { minLength: LIFE_MIN, maxLength: LIFE_MIN }),
        (interval, minute, within, seconds) => {
          let last = minute * MINUTE + within;
          for (const [age, second] of seconds.entries()) {
            const now = (minute + age) * MINUTE + second;
            if (!minutesDue(now, interval).includes(minute)) continue;
            expect(now - last).toBeLessThanOrEqual(longestSilence(interval) * 1_000);
            last = now;
          }
        },
      ),
    );
  });
});

describe('a connection that is visited', () => {
  it.each([
    ['json', { type: 'ping' }],
    ['centrifuge', {}],
  ] as const)('is pinged in its own words (%s), without a read of its record', async (format, told) => {
    await isThere('c1', { format, expires: SECOND + 9_999 });
    chat.connections.read = () => Promise.reject(new Error('not asked for'));
    await visit();
    expect(chat.posts.told('c1')).toEqual([told]);
    expect(chat.later.ends).toEqual([]);
    expect(chat.queue.events).toEqual([]);
  });

  it('and has vanished is taken down', async () => {
    await isThere('c1', { channels: { general: 's1' } });
    chat.posts.answer = () => 'gone';
    await visit();
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
    expect(chat.connections.records.size).toBe(0);
  });

  it('and is throttled is tried for a while, and left to the next time', async () => {
    await isThere('c1', { channels: { general: 's1' } });
    chat.posts.answer = () => 'busy';
    await visit();
    expect(posted().length).toBeGreaterThan(3);
    expect(chat.metrics.counts.get('SweepSkipped')).toBe(1);
    expect(chat.connections.records.size).toBe(1);
  });

  it('and refuses a ping is counted, and is not ended for it', async () => {
    await isThere('c1');
    chat.posts.answer = () => 'refused';
    await visit();
    expect(chat.metrics.counts.get('PostRefused')).toBe(1);
    expect(chat.later.ends).toEqual([]);
  });

  it('and gives no answer is left alone: the ping may have arrived', async () => {
    await isThere('c1');
    chat.posts.answer = () => 'unanswered';
    await visit();
    expect(posted()).toEqual(['c1']);
    expect(chat.later.ends).toEqual([]);
    expect(chat.metrics.counts.size).toBe(0);
  });

  it('and cannot be for a fault is left to the next time, and so is no other one', async () => {
    for (const id of ['c1', 'c2', 'c3']) await isThere(id);
    chat.posts.answer = (connection) => {
      if (connection === 'c2') throw new Unavailable('no credentials');
      return 'delivered';
    };
    await visit();
    expect(posted()).toEqual(['c1', 'c2', 'c3']);
    expect(chat.metrics.counts.get('SweepSkipped')).toBe(1);
    expect(chat.logger.lines).toMatchObject([
      { level: 'warn', fields: { connection: 'c2', error: expect.any(Unavailable) } },
    ]);
  });

  it('and meets a bug holds up no other, and is an error in the log', async () => {
    for (let i = 0; i < 70; i++) await isThere(`c${100 + i}`);
    chat.posts.answer = (connection) => {
      if (connection === 'c101') throw new TypeError('a bug');
      return 'delivered';
    };
    await visit();
    expect(posted()).toHaveLength(70);
    expect(chat.metrics.counts.get('SweepSkipped')).toBe(1);
    expect(chat.logger.lines).toMatchObject([
      { level: 'error', fields: { connection: 'c101', error: expect.any(TypeError) } },
    ]);
  });

  it('is one of at most 64 at a time', async () => {
    for (let i = 0; i < 200; i++) await isThere(`c${i}`);
    chat.posts.takesMs = () => 10;
    await visit();
    expect(new Set(posted()).size).toBe(200);
    expect(chat.posts.most).toEqual({ inAll: 64, toOne: 1 });
  });
});

describe('a connection whose token has expired', () => {
  const EXPIRED = { connection: 'c1', disconnect: { code: 3005, reason: 'connection expired' } };

  it('is told so and ended when it has had time for a new one, and is not pinged any more', async () => {
    await isThere('c1', { expires: SECOND - 25 });
    await visit();
    expect(chat.later.ends).toEqual([EXPIRED]);
    expect(posted()).toEqual([]);
  });

  it('has 25 seconds for that', async () => {
    await isThere('c1', { expires: SECOND - 24 });
    await visit();
    expect(chat.later.ends).toEqual([]);
    expect(posted()).toEqual(['c1']);
  });

  it('is not ended after a refresh that the index does not know of yet', async () => {
    await isThere('c1', { expires: SECOND + 60 });
    const { madeIn } = chat.index;
    chat.index.madeIn = async (...args) => {
      const page = await madeIn.apply(chat.index, args);
      return { ...page, connections: page.connections.map((swept) => ({ ...swept, expires: SECOND - 60 })) };
    };
    await visit();
    expect(chat.later.ends).toEqual([]);
    expect(posted()).toEqual(['c1']);
  });

  it('is ended also where it has never named one, in an open handshake', async () => {
    await isThere('c1', { user: '', expires: 0 });
    await visit();
    expect(chat.later.ends).toEqual([EXPIRED]);
  });

  it('is left alone where it has been taken down meanwhile', async () => {
    await isThere('c1', { expires: SECOND - 60 });
    chat.connections.read = async () => undefined;
    await visit();
    expect(chat.later.ends).toEqual([]);
    expect(posted()).toEqual([]);
  });
});

describe('a subscription whose token has expired', () => {
  const channels = { general: 's-1', news: 's-2', left: 'u-3' };

  it('is ended so that the client subscribes again, and the connection is pinged', async () => {
    await isThere('c1', { channels, ends: { general: SECOND - 25, news: SECOND - 24, left: SECOND - 60 } });
    await visit();
    expect(chat.queue.events).toMatchObject([
      {
        type: 'unsubscribe',
        channel: 'general',
        connection: 'c1',
        token: chat.connections.records.get('c1')?.channels.general,
        push: { code: 2501, reason: 'subscription expired' },
      },
    ]);
    expect(chat.connections.records.get('c1')).toMatchObject({
      channels: { general: expect.stringMatching(/^u/), news: 's-2', left: 'u-3' },
      ends: { news: SECOND - 24 },
    });
    expect(posted()).toEqual(['c1']);
  });

  it('is left to the next time where the queue does not take its event', async () => {
    await isThere('c1', { channels, ends: { general: SECOND - 25 } });
    chat.queue.takes = () => false;
    await visit();
    expect(chat.metrics.counts.get('SweepSkipped')).toBe(1);
  });
});

describe('more than a page', () => {
  beforeEach(async () => {
    for (const id of ['c1', 'c2', 'c3', 'c4', 'c5']) await isThere(id);
    chat.index.pageSize = 2;
  });

  it('is handed on before the page is begun, so that others go on beside', async () => {
    chat.posts.answer = () => {
      expect(chat.later.sweeps).toHaveLength(1);
      return 'delivered';
    };
    await visit();
    expect(posted()).toEqual(['c1', 'c2']);
    expect(chat.later.sweeps).toEqual([{ minutes: [MADE], after: 'c2' }]);
  });

  it('is gone on with from there, up to where it was asked', async () => {
    await visit({ after: 'c2', upTo: 'c4' });
    expect(posted()).toEqual(['c3', 'c4']);
    expect(chat.later.sweeps).toEqual([]);
    await visit({ after: 'c1', upTo: 'c5' });
    expect(posted().slice(2)).toEqual(['c2', 'c3']);
    expect(chat.later.sweeps).toEqual([{ minutes: [MADE], after: 'c3', upTo: 'c5' }]);
    await visit({ after: 'c1', upTo: 'c2' });
    expect(posted().slice(4)).toEqual(['c2']);
    expect(chat.later.sweeps).toHaveLength(1);
  });

  it('fails where it cannot be handed on, before anybody was visited', async () => {
    chat.later.sweep = () => Promise.reject(new Unavailable('the queue is away'));
    await expect(visit()).rejects.toThrow(Unavailable);
    expect(posted()).toEqual([]);
  });
});

describe('the minutes of a sweep', () => {
  it('are visited one after the other, the bounds being those of the first', async () => {
    await isThere('c1');
    await isThere('c2');
    await isThere('a1', { connectedAt: (MADE - 9) * MINUTE });
    await visit({ minutes: [MADE, MADE - 9, MADE - 18], after: 'c1' });
    expect(posted()).toEqual(['c2', 'a1']);
  });

  it('are handed on as they are where the time is over', async () => {
    await isThere('c1');
    await sweep(chat, { minutes: [MADE, MADE - 9], after: 'c0', upTo: 'c9' }, chat.world.now());
    expect(chat.later.sweeps).toEqual([{ minutes: [MADE, MADE - 9], after: 'c0', upTo: 'c9' }]);
    expect(posted()).toEqual([]);
  });

  it('are none where none is due', async () => {
    await sweep(chat, { minutes: [] }, chat.world.now() - 1);
    expect(chat.later.sweeps).toEqual([]);
  });

  it('are handed on within a page when the time is over: no more of it than is left, and the other minutes', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `c${100 + i}`);
    for (const id of ids) await isThere(id);
    chat.posts.takesMs = () => 10;
    await sweep(chat, { minutes: [MADE, MADE - 9] }, chat.world.now() + 1);
    expect(posted()).toEqual(ids.slice(0, 64));
    expect(chat.later.sweeps).toEqual([{ minutes: [MADE], after: 'c163' }, { minutes: [MADE - 9] }]);
  });

  it('are handed on from where they are where reading a page has taken all the time', async () => {
    for (const id of ['c1', 'c2', 'c3', 'c4']) await isThere(id);
    chat.index.pageSize = 2;
    const { madeIn } = chat.index;
    chat.index.madeIn = async (...args) => {
      await chat.world.sleep(100);
      return madeIn.apply(chat.index, args);
    };
    await sweep(chat, { minutes: [MADE], after: 'c1', upTo: 'c4' }, chat.world.now() + 100);
    expect(posted()).toEqual([]);
    expect(chat.later.sweeps).toEqual([
      { minutes: [MADE], after: 'c3', upTo: 'c4' },
      { minutes: [MADE], after: 'c1', upTo: 'c3' },
    ]);
  });

  it('lets a visit that was begun in time be finished after it', async () => {
    await isThere('c1', { expires: SECOND - 1_000 });
    const read = chat.connections.read.bind(chat.connections);
    chat.connections.read = async (id) => {
      await chat.world.sleep(1_000);
      return { ...connectionOf('c1'), ...(await read(id)), expires: SECOND + 60 };
    };
    await sweep(chat, { minutes: [MADE] }, chat.world.now() + 1);
    expect(posted()).toEqual(['c1']);
    expect(chat.metrics.counts.size).toBe(0);
  });
});

it('visits each connection once, however it is cut into pages and by the time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(fc.nat(2), fc.nat(9_999)), { maxLength: 250, selector: ([, id]) => id }),
      fc.integer({ min: 1, max: 150 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }),
      fc.nat(4),
      async (made, pageSize, postsTake, budgets, pageTakes) => {
        chat = memoryChat();
        chat.index.pageSize = pageSize;
        const { madeIn } = chat.index;
        chat.index.madeIn = async (...args) => {
          await chat.world.sleep(pageTakes);
          return madeIn.apply(chat.index, args);
        };
        for (const [minute, id] of made) await isThere(`c${id}`, { connectedAt: (MADE - minute) * MINUTE });
        let posts = 0;
        chat.posts.takesMs = () => postsTake[posts++ % postsTake.length] ?? 0;
        // (a function that never has any time would hand on for ever)
        const time = [...budgets, 5];
        const waiting: SweepTask[] = [{ minutes: [MADE, MADE - 1, MADE - 2] }];
        for (let run = 0; waiting.length > 0; run++) {
          expect(run).toBeLessThan(10_000);
          const task = waiting.shift();
          if (task) await sweep(chat, task, chat.world.now() + (time[run % time.length] ?? 0));
          waiting.push(...chat.later.sweeps.splice(0));
        }
        expect(posted().sort()).toEqual(made.map(([, id]) => `c${id}`).sort());
        expect(chat.metrics.counts.size).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});
