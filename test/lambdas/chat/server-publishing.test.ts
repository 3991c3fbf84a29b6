import { describe, expect, it, vi } from 'vitest';
import { EVENT_VERSION } from '../../../lambdas/chat/channel-event.ts';
import { broadcast, historyRemove, publish } from '../../../lambdas/chat/server-publishing.ts';
import { memoryChat } from '../../support/memory-chat.ts';

const done = { result: { type: 'done' } };
const notAccepted = { code: 'internal', message: 'not accepted: send it again' };

describe('a message of a server', () => {
  it('is an event of its channel that nobody has published, whoever may publish there', async () => {
    const chat = memoryChat();
    const { events, reply } = await publish(chat, '$closed:x', { data: 'hello', tags: { k: 'v' } });
    expect(events).toEqual([
      {
        event: {
          v: EVENT_VERSION,
          type: 'publish',
          channel: '$closed:x',
          id: expect.any(String),
          data: 'hello',
          tags: { k: 'v' },
          time: chat.world.now(),
        },
      },
    ]);
    expect(reply([true])).toEqual(done);
    expect(reply([false])).toEqual({ refusal: notAccepted });
  });

  it('takes its turn without being kept, where it is ephemeral', async () => {
    const { events } = await publish(memoryChat(), 'general', { data: 1, ephemeral: true });
    expect(events).toMatchObject([{ event: { ephemeral: true } }]);
  });

  it("with a key is the same however often it is sent, and none of a user's", async () => {
    const chat = memoryChat();
    const [first] = (await publish(chat, 'general', { data: 1, idempotencyKey: 'k' })).events;
    const [again] = (await publish(chat, 'general', { data: 2, idempotencyKey: 'k' })).events;
    const [elsewhere] = (await publish(chat, 'live:x', { data: 1, idempotencyKey: 'k' })).events;
    expect(again?.deduplicationId).toBe(first?.deduplicationId);
    expect(elsewhere?.deduplicationId).not.toBe(first?.deduplicationId);
  });

  it.each([
    ['a b', 'bad_request'],
    ['none:x', 'unknown_channel'],
  ])('to "%s" is refused with %s', async (name, code) => {
    await expect(publish(memoryChat(), name, { data: 1 })).rejects.toMatchObject({ name: 'ParleyError', code });
  });

  it('is refused where it does not fit a frame, or too many wait', async () => {
    const chat = memoryChat();
    await expect(publish(chat, 'general', { data: 'x'.repeat(65_536) })).rejects.toMatchObject({
      code: 'limit_exceeded',
    });
    chat.queue.backlog = 20_001;
    await expect(publish(chat, 'general', { data: 1 })).rejects.toMatchObject({ code: 'too_many_requests' });
    await expect(broadcast(chat, ['general'], { data: 1 })).rejects.toMatchObject({ code: 'too_many_requests' });
  });
});

describe('a broadcast', () => {
  it('is a message to each channel, and says for each what became of it', async () => {
    const { events, reply } = await broadcast(memoryChat(), ['general', 'none:x', 'live:x', '', 'general'], {
      data: 1,
    });
    expect(events.map(({ event }) => event.channel)).toEqual(['general', 'live:x', 'general']);
    expect(reply([true, false, true])).toEqual({
      result: {
        type: 'broadcast',
        refusals: [
          undefined,
          { code: 'unknown_channel', message: 'channel: no namespace "none"' },
          notAccepted,
          { code: 'bad_request', message: expect.any(String) },
          undefined,
        ],
      },
    });
  });

  it('has a key for each channel by itself', async () => {
    const { events } = await broadcast(memoryChat(), ['general', 'live:x'], { data: 1, idempotencyKey: 'k' });
    expect(new Set(events.map(({ deduplicationId }) => deduplicationId)).size).toBe(2);
  });

  it('goes to a thousand channels at most', async () => {
    const names = Array.from({ length: 1_001 }, (_, i) => `live:${i}`);
    await expect(broadcast(memoryChat(), names, { data: 1 })).rejects.toMatchObject({
      code: 'limit_exceeded',
      message: 'channels: at most 1000 a request',
    });
    expect((await broadcast(memoryChat(), names.slice(1), { data: 1 })).events).toHaveLength(1_000);
  });

  it('fails as a whole by a bug, and not channel by channel', async () => {
    const chat = memoryChat();
    vi.spyOn(chat.world, 'id').mockImplementation(() => {
      throw new TypeError('a bug');
    });
    await expect(broadcast(chat, ['general'], { data: 1 })).rejects.toThrow(TypeError);
  });
});

describe('the removal of a history', () => {
  it('is an event of its channel', () => {
    expect(historyRemove(memoryChat(), 'general').events).toEqual([
      { event: { v: EVENT_VERSION, type: 'removeHistory', channel: 'general' } },
    ]);
  });

  it('is refused where there is none', () => {
    expect(() => historyRemove(memoryChat(), 'live:x')).toThrow(expect.objectContaining({ code: 'not_available' }));
    expect(() => historyRemove(memoryChat(), 'none:x')).toThrow(expect.objectContaining({ code: 'unknown_channel' }));
  });
});
