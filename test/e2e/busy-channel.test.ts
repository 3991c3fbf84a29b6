import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { useParley, withProperties } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';
import { messagesOf, offsetsOf, pour, untilOffset, upTo } from '../support/pouring.ts';

const parley = useParley({
  wrappers: { Connect: new URL('held-connect.ts', import.meta.url) },
  // as long as API Gateway waits: a busy machine must not make the slow handshake a failed one
  changeTemplate: (template) => withProperties(template, 'Connect', (connect) => ({ ...connect, Timeout: 29 })),
});

/** Connects a reader, and waits until it is one. */
async function reader(user: string, channel: string): Promise<PlainClient> {
  const client = await parley.connect(user, { channels: [channel] });
  await client.next({ type: 'subscribed', channel });
  return client;
}

describe('20 readers of 200 messages sent at once', () => {
  const readersOf = (channel: string) => Promise.all(upTo(1, 20).map((n) => reader(`reader-${n}`, channel)));

  async function expectAll(readers: readonly PlainClient[], channel: string): Promise<void> {
    await Promise.all(readers.map((client) => untilOffset(client, channel, 200)));
    const [first] = readers;
    for (const client of readers) {
      expect(offsetsOf(client, channel)).toEqual(upTo(1, 200));
      expect(messagesOf(client, channel)).toEqual(first && messagesOf(first, channel));
      const frames = client.frames.filter((frame) => frame.includes('"type":"message"'));
      expect(frames.length).toBeLessThan(200);
    }
  }

  it('get each once, in one order, also where each came in a frame of its own', async () => {
    const readers = await readersOf('frames');
    const alice = await reader('alice', 'frames');
    for (const data of upTo(1, 200)) alice.send({ action: 'sendMessage', channel: 'frames', data, id: `m${data}` });
    await expectAll([...readers, alice], 'frames');

    const sent = messagesOf(alice, 'frames').map(({ data }) => Number(data));
    expect(sent.toSorted((a, b) => a - b)).toEqual(upTo(1, 200));
    // as it was acknowledged, so it was pushed
    await alice.until(
      () => alice.documents.filter(({ type }) => type === 'ack').length === 200,
      '200 acknowledgements',
    );
    const ids = new Map(
      alice.documents.filter(({ type }) => type === 'ack').map(({ id, messageId }) => [id, messageId]),
    );
    for (const { data, id } of messagesOf(alice, 'frames')) expect(ids.get(`m${data}`)).toBe(id);
  });

  it('get each once, in the sender’s order, where they came in four frames one after the other', async () => {
    const readers = await readersOf('documents');
    const alice = await reader('alice', 'documents');
    for (const frame of [0, 1, 2, 3]) {
      const numbers = upTo(frame * 50 + 1, frame * 50 + 50);
      alice.send(...numbers.map((data) => ({ action: 'sendMessage', channel: 'documents', data, id: `m${data}` })));
      // frames are independent of each other
      await alice.next({ type: 'ack', id: `m${frame * 50 + 50}` });
    }
    await expectAll([...readers, alice], 'documents');
    expect(messagesOf(alice, 'documents').map(({ data }) => data)).toEqual(upTo(1, 200));
  });
});

describe('while messages pour in', () => {
  it('a subscribe is answered with a position, and then come all later messages', async () => {
    const pouring = pour(await reader('alice', 'pour'), 'pour');
    await pouring.more(15);
    const bob = await parley.connect('bob');
    const { offset } = await bob.ask({ action: 'subscribe', channel: 'pour', id: 's1' });
    await pouring.more(25);
    const last = await pouring.stop();
    await untilOffset(bob, 'pour', last);
    expect(offset).toBeGreaterThanOrEqual(15);
    expect(offsetsOf(bob, 'pour')).toEqual(upTo(Number(offset) + 1, last));
    // nothing of the channel before its `subscribed`
    expect(bob.documents[0]).toMatchObject({ type: 'subscribed', id: 's1' });
  });

  it('nothing comes after `unsubscribed`', async () => {
    const alice = await reader('alice', 'leave');
    const bob = await reader('bob', 'leave');
    const pouring = pour(alice, 'leave');
    await pouring.more(15);
    expect(await bob.ask({ action: 'unsubscribe', channel: 'leave', id: 'u1' })).toEqual({
      type: 'unsubscribed',
      id: 'u1',
      channel: 'leave',
    });
    const seen = offsetsOf(bob, 'leave');
    expect(seen).toEqual(upTo(1, seen.length));
    await pouring.more(25);
    await untilOffset(alice, 'leave', await pouring.stop());
    // what was asked of the channel before is done when it answers this
    await bob.ask({ action: 'subscribe', channel: 'leave', id: 's2' });
    expect(offsetsOf(bob, 'leave')).toEqual(seen);
  });

  it('an unsubscribe and a subscribe in one frame have one place in the order', async () => {
    const alice = await reader('alice', 'again');
    const bob = await reader('bob', 'again');
    const pouring = pour(alice, 'again');
    await pouring.more(15);
    bob.send(
      { action: 'unsubscribe', channel: 'again', id: 'u1' },
      { action: 'subscribe', channel: 'again', id: 's1' },
    );
    const { offset } = await bob.next({ type: 'subscribed', id: 's1' });
    await pouring.more(15);
    const last = await pouring.stop();
    await untilOffset(bob, 'again', last);

    const moves = ['join', 'leave'];
    const order = bob.documents.filter(({ channel, type }) => channel === 'again' && !moves.includes(String(type)));
    const [left, back] = ['unsubscribed', 'subscribed'].map((type) => order.findLastIndex((d) => d.type === type));
    expect(left).toBeGreaterThan(0);
    // no message between the two
    expect(back).toBe(Number(left) + 1);
    expect(order.slice(Number(back) + 1).map((message) => message.offset)).toEqual(upTo(Number(offset) + 1, last));
  });
});

describe('a handshake', () => {
  it('among 50 while messages pour in is answered with a position, and then come all later messages', async () => {
    const pouring = pour(await reader('alice', 'fifty'), 'fifty');
    await pouring.more(10);
    const clients = await Promise.all(upTo(1, 50).map((n) => parley.connect(`reader-${n}`, { channels: ['fifty'] })));
    const positions = await Promise.all(
      clients.map(async (client) => (await client.next({ type: 'subscribed', channel: 'fifty' })).offset),
    );
    await pouring.more(10);
    const last = await pouring.stop();
    await Promise.all(clients.map((client) => untilOffset(client, 'fifty', last)));
    clients.forEach((client, i) => {
      expect(positions[i]).toBeGreaterThanOrEqual(10);
      expect(offsetsOf(client, 'fifty')).toEqual(upTo(Number(positions[i]) + 1, last));
    });
  });

  it('that takes long holds up nobody, and misses nothing once it is through', async () => {
    await using gate = await openGate();
    const alice = await reader('alice', 'slow');
    const bob = await reader('bob', 'slow');
    const from = parley.lines.length;
    let isThrough = false;
    const handshake = parley.connect('carol', { channels: ['slow'], query: { gate: gate.url } }).finally(() => {
      isThrough = true;
    });
    await gate.reached;

    const pouring = pour(alice, 'slow');
    await pouring.more(30);
    const before = await pouring.stop();
    await untilOffset(bob, 'slow', before);
    expect(offsetsOf(bob, 'slow')).toEqual(upTo(1, before));
    // its subscribe has met 410, and has come back
    await parley.line(/^sqs LaterQueue .* → Later/, from);
    expect(isThrough).toBe(false);
    gate.open();

    const carol = await handshake;
    const { offset } = await carol.next({ type: 'subscribed', channel: 'slow' });
    const more = pour(alice, 'slow');
    await more.more(10);
    const last = before + (await more.stop());
    await untilOffset(carol, 'slow', last);
    expect(offset).toBe(before);
    expect(offsetsOf(carol, 'slow')).toEqual(upTo(before + 1, last));
  });
});

/** An address that answers when it is told to. */
async function openGate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    reached.resolve();
    void opened.promise.then(() => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached: reached.promise,
    open: () => opened.resolve(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
