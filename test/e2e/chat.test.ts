import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';
import { messagesOf, untilOffset } from '../support/pouring.ts';
import { storedReaders } from '../support/stored-items.ts';

const parley = useParley();

/** Connects a reader, and waits until it is one. */
async function reader(user: string, channel: string): Promise<PlainClient> {
  const client = await parley.connect(user, { channels: [channel] });
  await client.next({ type: 'subscribed', channel });
  return client;
}

describe('two clients', () => {
  it('chat', async () => {
    const alice = await reader('alice', 'two');
    const bob = await parley.connect('bob', { channels: ['two'] });
    const subscribed = await bob.next({ type: 'subscribed' });
    expect(subscribed).toEqual({ type: 'subscribed', channel: 'two', epoch: expect.stringMatching(/./), offset: 0 });

    expect(await alice.next({ type: 'join' })).toEqual({ type: 'join', channel: 'two', user: 'bob' });

    const ack = await alice.ask({ action: 'sendMessage', channel: 'two', data: { text: 'hello' }, id: 'm1' });
    expect(ack).toEqual({ type: 'ack', id: 'm1', channel: 'two', messageId: expect.stringMatching(/./) });
    const push = {
      type: 'message',
      channel: 'two',
      offset: 1,
      epoch: subscribed.epoch,
      id: ack.messageId,
      user: 'alice',
      data: { text: 'hello' },
      time: expect.any(Number),
    };
    expect(await bob.next({ type: 'message' })).toEqual(push);
    expect(await alice.next({ type: 'message' })).toEqual(push);

    await bob.ask({ action: 'sendMessage', channel: 'two', data: null, id: 'm1' });
    expect(await alice.next({ type: 'message' })).toMatchObject({ offset: 2, user: 'bob', data: null });
    bob.socket.close();
    expect(await alice.next({ type: 'leave' })).toEqual({ type: 'leave', channel: 'two', user: 'bob' });
  });

  it('are pushed the key and the tags that the sender gave', async () => {
    const bob = await reader('bob', 'tags');
    const tags = { mood: 'sunny', lang: 'en' };
    bob.send({ action: 'sendMessage', channel: 'tags', data: 'hi', tags, idempotencyKey: 'k1' });
    const push = await bob.next({ type: 'message' });
    expect(push).toEqual({
      type: 'message',
      channel: 'tags',
      offset: 1,
      epoch: expect.any(String),
      id: expect.any(String),
      user: 'bob',
      data: 'hi',
      time: expect.any(Number),
      key: 'k1',
      tags,
    });
  });

  it('get no acknowledgement of a message without an id', async () => {
    const alice = await reader('alice', 'quiet');
    alice.send({ action: 'sendMessage', channel: 'quiet', data: 1 });
    await alice.next({ type: 'message', data: 1 });
    await alice.ask({ action: 'sendMessage', channel: 'quiet', data: 2, id: 'm2' });
    await alice.next({ type: 'message', data: 2 });
    expect(alice.documents.filter(({ type }) => type !== 'message' && type !== 'subscribed')).toEqual([
      expect.objectContaining({ type: 'ack', id: 'm2' }),
    ]);
  });

  it('keep a name of their own on each channel of a frame', async () => {
    const alice = await reader('alice', 'one');
    await alice.ask({ action: 'subscribe', channel: 'other', id: 's' });
    alice.send(
      { action: 'sendMessage', channel: 'one', data: 'a' },
      { action: 'sendMessage', channel: 'other', data: 'b' },
    );
    expect(await alice.next({ type: 'message', channel: 'one' })).toMatchObject({ data: 'a', offset: 1 });
    expect(await alice.next({ type: 'message', channel: 'other' })).toMatchObject({ data: 'b', offset: 1 });
  });
});

describe('an idempotency key', () => {
  it('names one message, however often it is sent', async () => {
    const alice = await reader('alice', 'keys');
    const send = (id: string) =>
      alice.ask({ action: 'sendMessage', channel: 'keys', data: 'once', idempotencyKey: 'k', id });
    const acks = await Promise.all([send('1'), send('2'), send('3')]);
    expect(acks.map(({ type }) => type)).toEqual(['ack', 'ack', 'ack']);
    expect(new Set(acks.map(({ messageId }) => messageId)).size).toBe(1);

    await alice.ask({ action: 'sendMessage', channel: 'keys', data: 'last', id: '4' });
    await alice.next({ type: 'message', data: 'last' });
    expect(messagesOf(alice, 'keys').map(({ offset, data, id }) => [offset, data, id])).toEqual([
      [1, 'once', acks[0]?.messageId],
      [2, 'last', expect.any(String)],
    ]);
  });

  it('names one message of each user, and of each channel', async () => {
    const [alice, bob] = [await reader('alice', 'key-s'), await reader('bob', 'key-s')];
    await alice.ask({ action: 'subscribe', channel: 'key-t', id: 's' });
    const same = { action: 'sendMessage', data: 'hi', idempotencyKey: 'k', id: 'm' };
    const acks = [
      await alice.ask({ ...same, channel: 'key-s' }),
      await bob.ask({ ...same, channel: 'key-s' }),
      await alice.ask({ ...same, channel: 'key-t' }),
    ];
    expect(new Set(acks.map(({ messageId }) => messageId)).size).toBe(3);
    await Promise.all([untilOffset(alice, 'key-s', 2), untilOffset(alice, 'key-t', 1)]);
    expect(messagesOf(alice, 'key-s').map(({ user, key }) => [user, key])).toEqual([
      ['alice', 'k'],
      ['bob', 'k'],
    ]);
  });
});

describe('a frame', () => {
  it('of an ephemeral message is pushed without an offset, and not counted', async () => {
    const alice = await reader('alice', 'typing');
    const bob = await reader('bob', 'typing');
    alice.send({ action: 'sendMessage', channel: 'typing', data: 'first', id: 'm1' });
    await bob.next({ data: 'first' });
    const ack = await alice.ask({ action: 'sendMessage', channel: 'typing', data: '…', ephemeral: true, id: 'm2' });
    expect(await bob.next({ data: '…' })).toEqual({
      type: 'message',
      channel: 'typing',
      id: ack.messageId,
      user: 'alice',
      data: '…',
      time: expect.any(Number),
    });
    alice.send({ action: 'sendMessage', channel: 'typing', data: 'second' });
    expect(await bob.next({ data: 'second' })).toMatchObject({ offset: 2 });
    const carol = await parley.connect('carol', { channels: ['typing'] });
    expect(await carol.next({ type: 'subscribed' })).toMatchObject({ offset: 2 });
  });

  it('of several documents has its replies in one frame', async () => {
    const alice = await reader('alice', 'several');
    alice.send(
      { action: 'ping', id: 'p1' },
      { action: 'sendMessage', channel: 'several', data: 'a', id: 'm1' },
      { action: 'dance', id: 'd1' },
      { action: 'sendMessage', channel: 'several', data: 'b', id: 'm2' },
      'no JSON',
      { action: 'ping' },
    );
    await alice.next({ id: 'm2' });
    const replies = alice.frames.filter((frame) => !/"type":"(message|subscribed)"/.test(frame));
    expect(replies.map((frame) => frame.split('\n').map((line) => JSON.parse(line)))).toEqual([
      expect.arrayContaining([
        { type: 'pong', id: 'p1' },
        { type: 'ack', id: 'm1', channel: 'several', messageId: expect.any(String) },
        expect.objectContaining({ type: 'error', id: 'd1', code: 'unknown_action' }),
        { type: 'ack', id: 'm2', channel: 'several', messageId: expect.any(String) },
        expect.objectContaining({ type: 'error', code: 'bad_request' }),
        { type: 'pong' },
      ]),
    ]);
    await untilOffset(alice, 'several', 2);
    expect(messagesOf(alice, 'several').map(({ data }) => data)).toEqual(['a', 'b']);
  });

  it('may have its JSON laid out over several lines', async () => {
    const alice = await reader('alice', 'laid-out');
    alice.send(JSON.stringify({ action: 'sendMessage', channel: 'laid-out', data: { a: [1] }, id: 'm1' }, null, 2));
    expect(await alice.next({ id: 'm1' })).toMatchObject({ type: 'ack' });
    expect(await alice.next({ type: 'message' })).toMatchObject({ data: { a: [1] } });
    alice.send(JSON.stringify({ action: 'ping', id: 'p1' }, null, 2));
    expect(await alice.next({ id: 'p1' })).toEqual({ type: 'pong', id: 'p1' });
  });

  it('in which fields are named that nobody knows is taken all the same', async () => {
    const alice = await parley.connect('alice');
    expect(await alice.ask({ action: 'ping', colour: 'red', id: 'p1' })).toEqual({ type: 'pong', id: 'p1' });
  });

  it('that is binary ends the connection with 1003', async () => {
    const alice = await parley.connect('alice');
    alice.socket.send(Buffer.from('{"action":"ping"}'), { binary: true });
    expect(await alice.closed).toMatchObject({ code: 1003 });
  });

  it('of 33 KB ends the connection with 1009, one of 32 KB does not', async () => {
    const alice = await parley.connect('alice');
    const ping = (bytes: number) =>
      JSON.stringify({ action: 'ping', id: 'p1', pad: '' }).replace('""', `"${'x'.repeat(bytes)}"`);
    const most = 32 * 1024 - ping(0).length;
    alice.send(ping(most));
    expect(await alice.next({ type: 'pong' })).toMatchObject({ id: 'p1' });
    alice.send(ping(33 * 1024));
    expect(await alice.closed).toMatchObject({ code: 1009 });
  });
});

describe('a subscription', () => {
  it('that is there already is an error, and goes on', async () => {
    const alice = await reader('alice', 'twice');
    expect(await alice.ask({ action: 'subscribe', channel: 'twice', id: 's2' })).toEqual({
      type: 'error',
      id: 's2',
      channel: 'twice',
      code: 'already_subscribed',
      message: expect.stringContaining('twice'),
    });
    alice.send({ action: 'sendMessage', channel: 'twice', data: 'still here' });
    expect(await alice.next({ type: 'message' })).toMatchObject({ data: 'still here', offset: 1 });
  });

  it('is answered without an id, too, and so is its end', async () => {
    const alice = await parley.connect('alice');
    alice.send({ action: 'subscribe', channel: 'no-id' });
    expect(await alice.next({ type: 'subscribed' })).toEqual({
      type: 'subscribed',
      channel: 'no-id',
      epoch: expect.any(String),
      offset: 0,
    });
    alice.send({ action: 'unsubscribe', channel: 'no-id' });
    expect(await alice.next({ type: 'unsubscribed' })).toEqual({ type: 'unsubscribed', channel: 'no-id' });
  });

  it('can be ended where there is none', async () => {
    const alice = await parley.connect('alice');
    expect(await alice.ask({ action: 'unsubscribe', channel: 'never', id: 'u1' })).toEqual({
      type: 'unsubscribed',
      id: 'u1',
      channel: 'never',
    });
  });

  it('ends with its connection, and leaves the others theirs', async () => {
    const alice = await reader('alice', 'close');
    const bob = await reader('bob', 'close');
    const users = async () => [...(await storedReaders(parley.served, 'close')).keys()].sort();
    alice.send({ action: 'sendMessage', channel: 'close', data: 'both' });
    await bob.next({ data: 'both' });
    expect(await users()).toEqual(['alice', 'bob']);
    const from = parley.lines.length;
    await bob.close();
    await parley.line(/^ws \$disconnect → Disconnect/, from);
    // it comes after the leave, in the channel's order
    alice.send({ action: 'sendMessage', channel: 'close', data: 'alone' });
    expect(await alice.next({ data: 'alone' })).toMatchObject({ type: 'message', offset: 2 });
    expect(await users()).toEqual(['alice']);
  });
});
