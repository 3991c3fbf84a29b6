import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { PostAnswer } from '../../../lambdas/chat/ports.ts';
import { send } from '../../../lambdas/chat/posting.ts';
import { type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const post = (until = Number.POSITIVE_INFINITY) => send(chat, 'c1', 'frame', until);
const answering = (...answers: PostAnswer[]) => {
  chat.posts.answer = () => answers.shift() ?? 'delivered';
};

beforeEach(() => {
  chat = memoryChat();
});

describe('a frame', () => {
  it.each(['delivered', 'gone', 'unanswered', 'refused'] as const)('that is %s is posted once', async (answer) => {
    chat.posts.answer = () => answer;
    expect(await post()).toBe(answer);
    expect(chat.posts.attempts).toHaveLength(1);
  });

  it('is posted again as long as the answer is that the service is busy', async () => {
    answering('busy', 'busy', 'delivered');
    expect(await post()).toBe('delivered');
    expect(chat.posts.frames('c1')).toEqual(['frame']);
    expect(chat.posts.attempts).toHaveLength(3);
  });

  it('that was not answered is never posted again, also after a busy answer', async () => {
    answering('busy', 'unanswered', 'delivered');
    expect(await post()).toBe('unanswered');
    expect(chat.posts.attempts).toHaveLength(2);
  });

  it('waits longer each time, up to 0.8 s, for half of it by chance', async () => {
    chat.posts.answer = () => 'busy';
    chat.world.chance = 0;
    await post();
    expect(chat.world.sleeps.slice(0, 7)).toEqual([25, 50, 100, 200, 400, 400, 400]);
    chat = memoryChat();
    chat.posts.answer = () => 'busy';
    chat.world.chance = 0.999_999;
    await post();
    expect(chat.world.sleeps.slice(0, 6).map(Math.round)).toEqual([50, 100, 200, 400, 800, 800]);
  });

  it('is given up before 3 s are over', async () => {
    for (const chance of [0, 0.3, 0.999_999]) {
      chat = memoryChat();
      chat.posts.answer = () => 'busy';
      chat.world.chance = chance;
      const began = chat.world.now();
      expect(await post()).toBe('exhausted');
      const took = chat.world.now() - began;
      expect(took).toBeLessThan(3_000);
      expect(took).toBeGreaterThan(2_000);
    }
  });

  it('is not posted where the time of the worker is over', async () => {
    await expect(post(chat.world.now())).rejects.toThrow(Unavailable);
    expect(chat.posts.attempts).toEqual([]);
  });

  it('is not posted again where the time of the worker is over meanwhile', async () => {
    chat.posts.answer = () => 'busy';
    const until = chat.world.now() + 1_000;
    await expect(post(until)).rejects.toThrow(Unavailable);
    expect(chat.posts.attempts.every(({ at }) => at < until)).toBe(true);
  });
});
