import { describe, expect, it } from 'vitest';
import { requestToken, subscribeEvent } from '../../../lambdas/chat/request.ts';
import { connectionOf } from '../../support/memory-chat.ts';
import { MemoryWorld } from '../../support/memory-world.ts';

describe('the token of a request', () => {
  it('says what it asks for, and is another each time', () => {
    const world = new MemoryWorld();
    const tokens = [requestToken(world, 's'), requestToken(world, 's'), requestToken(world, 'u')];
    expect(tokens[0]).toMatch(/^s[\w-]{11}$/);
    expect(tokens[2]).toMatch(/^u[\w-]{11}$/);
    expect(new Set(tokens).size).toBe(3);
  });
});

describe('the event of a subscribe', () => {
  const connection = connectionOf('c1', { user: 'alice', connectedAt: 7 });
  const bare = {
    v: 2,
    type: 'subscribe',
    channel: 'general',
    connection: 'c1',
    user: 'alice',
    format: 'centrifuge',
    token: 's1',
    connectedAt: 7,
  };

  it('holds who asks, and no more than is asked for', () => {
    expect(subscribeEvent(connection, 'centrifuge', 'general', 's1', {})).toEqual(bare);
    const no = { strict: false, recoverable: false, joinLeave: false };
    expect(subscribeEvent(connection, 'centrifuge', 'general', 's1', no)).toEqual(bare);
  });

  it('holds all that is asked for, and what tokens say', () => {
    const wishes = {
      id: '7',
      since: { epoch: 'e', offset: 41 },
      strict: true,
      recoverable: true,
      joinLeave: true,
      expires: 9,
      channelInfo: null,
    } as const;
    expect(subscribeEvent({ ...connection, info: 0 }, 'centrifuge', 'general', 's1', wishes)).toEqual({
      ...bare,
      info: 0,
      ...wishes,
    });
    expect(subscribeEvent(connection, 'centrifuge', 'general', 's1', { rewind: 0 })).toEqual({ ...bare, rewind: 0 });
  });
});
