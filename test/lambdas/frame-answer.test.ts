import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../lambdas/chat/errors.ts';
import { answerFrame } from '../../lambdas/frame-answer.ts';
import { messageEvent } from '../support/function-environment.ts';
import { connectionOf, type MemoryChat, memoryChat } from '../support/memory-chat.ts';

let chat: MemoryChat;
const answer = (...documents: unknown[]) =>
  answerFrame(chat, messageEvent(documents.map((d) => JSON.stringify(d)).join('\n')));
const read = (frames: readonly string[]) =>
  frames.flatMap((frame) => frame.split('\n').map((line) => JSON.parse(line)));

beforeEach(async () => {
  chat = memoryChat();
  await chat.connections.create(connectionOf('c1'));
});

describe('the answer to a frame', () => {
  it('is one frame where all replies fit', async () => {
    const frames = await answer({ action: 'ping', id: '1' }, { action: 'ping', id: '2' });
    expect(frames).toEqual(['{"type":"pong","id":"1"}\n{"type":"pong","id":"2"}']);
  });

  it('is none where nothing is due', async () => {
    expect(await answer({ action: 'subscribe', channel: 'general' })).toEqual([]);
  });

  it('is for each document that the request failed, where it has failed', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('dynamodb says no', { cause: new Error('deeper') }));
    const frames = await answer(
      { action: 'ping', id: 'p1' },
      { action: 'sendMessage', channel: 'live:x', data: 'a secret' },
      'nonsense',
    );
    const message = 'internal error, request api-request';
    expect(read(frames)).toEqual([
      { type: 'error', id: 'p1', code: 'internal', message },
      { type: 'error', channel: 'live:x', code: 'internal', message },
      { type: 'error', code: 'internal', message },
    ]);
    expect(chat.logger.lines).toEqual([
      {
        level: 'error',
        message: 'a frame failed',
        fields: { connection: 'c1', apiRequestId: 'api-request', error: expect.any(Unavailable) },
      },
    ]);
  });

  it('names the request also where the queue did not take one of its events', async () => {
    chat.queue.takes = () => false;
    const frames = await answer({ action: 'subscribe', channel: 'general', id: 's1' });
    const message = 'not accepted: send it again, request api-request';
    expect(read(frames)).toEqual([{ type: 'error', id: 's1', channel: 'general', code: 'internal', message }]);
  });

  it('is in no frame above 32 KB, however long the channel is that a client names', async () => {
    const frames = await answer({ action: 'subscribe', channel: 'x'.repeat(40_000), id: 's1' });
    expect(read(frames)).toMatchObject([{ type: 'error', id: 's1', code: 'bad_request' }]);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(32_768);
  });
});
