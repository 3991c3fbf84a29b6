import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { apiKeyOf } from '../../local/identity/api-key.ts';
import { logOf } from '../support/client-log.ts';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { messagesOf, offsetsOf, pour, untilOffset, upTo } from '../support/pouring.ts';
import { changeItem, removeItems, storedItems } from '../support/stored-items.ts';
import { callServer } from './server-client.ts';

const FRAME_BYTES = 32 * 1024;
/** Unix time in seconds of what is over, but not long enough for the tables to have deleted it. */
const justOver = () => Math.floor(Date.now() / 1000) - 1;

const parley = useParley();

interface Filled {
  /** Who has published, and has got all of it. */
  readonly publisher: PlainClient;
  readonly epoch: string;
}

/** Publishes messages one after the other: `data` is 1, 2, 3, …, or what is answered for that. */
async function fill(channel: string, count: number, data: (n: number) => unknown = (n) => n): Promise<Filled> {
  const publisher = await parley.connect('publisher', { channels: [channel] });
  const { epoch } = await publisher.next({ type: 'subscribed' });
  await publish(publisher, channel, upTo(1, count).map(data));
  await untilOffset(publisher, channel, count);
  return { publisher, epoch: String(epoch) };
}

/** Publishes in this order, as many as fit into a frame at a time. */
async function publish(client: PlainClient, channel: string, datas: readonly unknown[]): Promise<void> {
  const documents = datas.map((data, i) => ({ action: 'sendMessage', channel, data, id: `${channel} ${i}` }));
  while (documents.length > 0) {
    let bytes = 0;
    const tooMany = documents.findIndex((document) => {
      bytes += JSON.stringify(document).length + 1;
      return bytes > FRAME_BYTES;
    });
    const frame = documents.splice(0, tooMany < 0 ? documents.length : tooMany);
    client.send(...frame);
    await Promise.all(frame.map(({ id }) => client.next({ type: 'ack', id })));
  }
}

/** Subscribes another client, and has it publish one message more: what it has been sent by then is all there is. */
async function allSentTo(channel: string, asked: Document): Promise<[Document, ...Document[]]> {
  const client = await parley.connect('reader');
  client.send({ action: 'subscribe', channel, id: 's', ...asked });
  await client.next({ id: 's' });
  const last = { data: `last ${randomUUID()}` };
  client.send({ action: 'sendMessage', channel, ...last });
  await client.next(last);
  const [first, ...rest] = client.documents.filter((document) => document.channel === channel);
  if (first === undefined || rest.at(-1)?.data !== last.data) throw new Error('something came before or after');
  client.socket.terminate();
  return [first, ...rest.slice(0, -1)];
}

describe('a reader that was away', () => {
  it('names where it stood, and gets exactly what it missed', async () => {
    const { publisher, epoch } = await fill('away', 7);
    const [subscribed, ...missed] = await allSentTo('away', { since: { epoch, offset: 4 } });
    expect(subscribed).toEqual({ type: 'subscribed', id: 's', channel: 'away', epoch, offset: 4, recovered: true });
    expect(missed).toEqual(messagesOf(publisher, 'away').slice(4, 7));
  });

  it('and has missed nothing is told so', async () => {
    const { epoch } = await fill('still', 3);
    expect(await allSentTo('still', { since: { epoch, offset: 3 } })).toEqual([
      { type: 'subscribed', id: 's', channel: 'still', epoch, offset: 3, recovered: true },
    ]);
  });

  it.each<[string, (epoch: string) => Document]>([
    ['of another epoch', () => ({ epoch: 'another', offset: 2 })],
    ['that the channel has not reached', (epoch) => ({ epoch, offset: 4 })],
    ['that no channel will ever reach', (epoch) => ({ epoch, offset: Number.MAX_SAFE_INTEGER })],
  ])('gets the position and nothing else where its own is one %s', async (kind, since) => {
    const channel = `false-${kind.replaceAll(' ', '-')}`;
    const { epoch } = await fill(channel, 3);
    expect(await allSentTo(channel, { since: since(epoch) })).toEqual([
      { type: 'subscribed', id: 's', channel, epoch, offset: 3, recovered: false },
    ]);
  });

  it('recovers as well on the connection that it has left the channel with', async () => {
    const { publisher, epoch } = await fill('back', 2);
    const bob = await parley.connect('bob', { channels: ['back'] });
    await bob.next({ type: 'subscribed' });
    await bob.ask({ action: 'unsubscribe', channel: 'back', id: 'u1' });
    await publish(publisher, 'back', [3, 4]);
    const since = { epoch, offset: 2 };
    expect(await bob.ask({ action: 'subscribe', channel: 'back', since, id: 's1' })).toMatchObject({
      offset: 2,
      recovered: true,
    });
    await untilOffset(bob, 'back', 4);
    expect(messagesOf(bob, 'back').map(({ data }) => data)).toEqual([3, 4]);
  });

  it('may have the newest messages instead, by a frame and by the handshake', async () => {
    const { publisher, epoch } = await fill('rewind', 5);
    const [subscribed, ...newest] = await allSentTo('rewind', { rewind: 2 });
    expect(subscribed).toEqual({ type: 'subscribed', id: 's', channel: 'rewind', epoch, offset: 3 });
    expect(newest).toEqual(messagesOf(publisher, 'rewind').slice(3, 5));

    const bob = await parley.connect('bob', { channels: ['rewind', 'fresh'], query: { rewind: '100' } });
    expect(await bob.next({ type: 'subscribed', channel: 'rewind' })).toEqual({
      type: 'subscribed',
      channel: 'rewind',
      epoch,
      offset: 0,
    });
    await untilOffset(bob, 'rewind', 6);
    expect(offsetsOf(bob, 'rewind')).toEqual(upTo(1, 6));
    expect(await bob.next({ type: 'subscribed', channel: 'fresh' })).toMatchObject({ offset: 0 });
  });
});

describe('a large gap', { timeout: 120_000 }, () => {
  it('of 128 channels at once is filled in as many frames as it takes', async () => {
    const channels = upTo(1, 128).map((n) => `many-${n}`);
    const alice = await parley.connect('alice');
    alice.send(...channels.map((channel) => ({ action: 'subscribe', channel })));
    const epochs = new Map<string, unknown>();
    for (const channel of channels) epochs.set(channel, (await alice.next({ type: 'subscribed', channel })).epoch);
    const numbers = [1, 2, 3];
    alice.sendInPieces(
      ...channels.flatMap((channel) =>
        numbers.map((n) => ({ action: 'sendMessage', channel, data: `${n}`.padEnd(200) })),
      ),
    );
    for (const channel of channels) await untilOffset(alice, channel, 3);

    const bob = await parley.connect('bob');
    const standing = (i: number) => i % 4;
    bob.send(
      ...channels.map((channel, i) => {
        const since = { epoch: epochs.get(channel), offset: standing(i) };
        return { action: 'subscribe', channel, since, id: channel };
      }),
    );
    for (const [i, channel] of channels.entries()) {
      await bob.next({ type: 'subscribed', channel });
      if (standing(i) < 3) await untilOffset(bob, channel, 3);
    }
    for (const [i, channel] of channels.entries()) {
      const [subscribed, ...missed] = bob.documents.filter((document) => document.channel === channel);
      const position = { epoch: epochs.get(channel), offset: standing(i) };
      expect(subscribed).toEqual({ type: 'subscribed', id: channel, channel, ...position, recovered: true });
      expect(missed).toEqual(messagesOf(alice, channel).slice(standing(i)));
    }
    for (const frame of bob.frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_BYTES);

    bob.socket.terminate();
    const left = () => alice.documents.filter(({ type }) => type === 'leave').map(({ channel }) => channel);
    await alice.until(() => left().length === channels.length, '128 leaves');
    expect(left().toSorted()).toEqual(channels.toSorted());
  });

  it('of several hundred KB is filled in order while messages keep coming', async () => {
    const { publisher, epoch } = await fill('far', 45, (n) => `${n}`.padEnd(10_000));
    const carol = await parley.connect('carol', { channels: ['far'] });
    await carol.next({ type: 'subscribed' });
    const pouring = pour(carol, 'far');
    await pouring.more(5);
    const bob = await parley.connect('bob', { channels: ['far'], query: { 'since.far': `${epoch}:0` } });
    const dave = await parley.connect('dave');
    dave.send({ action: 'subscribe', channel: 'far', since: { epoch, offset: 30 }, id: 's' });
    await dave.next({ id: 's', recovered: true, offset: 30 });
    await pouring.more(30);
    const last = 45 + (await pouring.stop());
    await Promise.all([bob, carol, dave, publisher].map((client) => untilOffset(client, 'far', last)));

    const log = messagesOf(publisher, 'far');
    expect(messagesOf(bob, 'far')).toEqual(log);
    expect(messagesOf(dave, 'far')).toEqual(log.slice(30));
    const [first] = bob.documents;
    expect(first).toEqual({ type: 'subscribed', channel: 'far', epoch, offset: 0, recovered: true });
    for (const frame of [...bob.frames, ...dave.frames]) {
      expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_BYTES);
    }
    // nobody else has waited for them with a hole, or a repeat
    expect(offsetsOf(carol, 'far')).toEqual(upTo(46, last));
  });

  it('is filled whole, or the reader has to ask again, where the history is removed meanwhile', async () => {
    const { publisher, epoch } = await fill('torn', 35, (n) => `${n}`.padEnd(30_000));
    const bob = await parley.connect('bob');
    bob.send({ action: 'subscribe', channel: 'torn', since: { epoch, offset: 0 }, id: 's1' });
    await bob.next({ type: 'message', offset: 1 });
    const { status } = await callServer(parley, 'history_remove', { channel: 'torn' }, apiKeyOf(parley.keys));
    expect(status).toBe(200);
    publisher.send({ action: 'sendMessage', channel: 'torn', data: 'last' });
    const isEnd = ({ type, data }: Document) => type === 'unsubscribed' || data === 'last';
    await bob.until(() => bob.documents.some(isEnd), 'the last message, or the end');

    const [subscribed, ...rest] = bob.documents;
    expect(subscribed).toMatchObject({ type: 'subscribed', offset: 0, recovered: true });
    const end = rest.pop();
    expect(rest.map(({ offset }) => offset)).toEqual(upTo(1, rest.length));
    if (end?.type === 'message') {
      expect(end.offset).toBe(36);
      return;
    }
    expect(end).toEqual({ type: 'unsubscribed', channel: 'torn', code: 2500, reason: 'insufficient state' });
    await untilOffset(publisher, 'torn', 36);
    const since = { epoch, offset: rest.length };
    expect(await bob.ask({ action: 'subscribe', channel: 'torn', since, id: 's2' })).toMatchObject({
      type: 'subscribed',
      offset: 36,
      recovered: false,
    });
  });

  it('of messages that fill a frame each is filled, too', async () => {
    const { publisher, epoch } = await fill('full', 12, (n) => `${n}`.padEnd(32_400));
    const [subscribed, ...missed] = await allSentTo('full', { since: { epoch, offset: 0 } });
    expect(subscribed).toMatchObject({ recovered: true, offset: 0 });
    expect(missed).toEqual(messagesOf(publisher, 'full').slice(0, 12));
  });
});

describe('messages that have expired, and that DynamoDB has not deleted yet,', () => {
  /** Has the messages at these offsets expire. */
  async function expire(channel: string, epoch: string, offsets: readonly number[]): Promise<void> {
    const pk = `LOG#${channel}#${epoch}`;
    const rows = await storedItems(parley.served, 'Channels', pk);
    const expired = rows.filter(({ sk }) => offsets.includes(Number(sk)));
    expect(expired).toHaveLength(offsets.length);
    for (const row of expired) {
      expect(await changeItem(parley.served, 'Channels', row, { expiresAt: justOver() })).toBe(true);
    }
  }

  const position = (channel: string, epoch: string, offset: number) => ({
    type: 'subscribed',
    id: 's',
    channel,
    epoch,
    offset,
  });

  it('are never seen: a gap with one of them is not recovered, one without is', async () => {
    const { publisher, epoch } = await fill('old', 8);
    await expire('old', epoch, [1, 2, 3, 4]);
    expect(await allSentTo('old', { since: { epoch, offset: 3 } })).toEqual([
      { ...position('old', epoch, 8), recovered: false },
    ]);
    await untilOffset(publisher, 'old', 9);
    const kept = messagesOf(publisher, 'old').slice(4);
    expect(await allSentTo('old', { since: { epoch, offset: 4 } })).toEqual([
      { ...position('old', epoch, 4), recovered: true },
      ...kept,
    ]);
    const [rewound, ...newest] = await allSentTo('old', { rewind: 9 });
    expect(rewound).toEqual(position('old', epoch, 4));
    expect(newest.slice(0, -1)).toEqual(kept);
  });

  it('are never seen in the history', async () => {
    const { publisher, epoch } = await fill('page', 6);
    await expire('page', epoch, [1, 2, 4]);
    const history = (id: string, range: Document) =>
      publisher.ask({ action: 'history', channel: 'page', id, ...range });
    const kept = messagesOf(publisher, 'page').slice(4);
    for (const [i, range] of [{}, { after: 0 }, { after: 2, limit: 1_000 }, { before: 7 }].entries()) {
      expect(await history(`h${i}`, range)).toMatchObject({ epoch, offset: 6, messages: kept.map(withoutAddress) });
    }
    expect(await history('h9', { before: 5 })).toMatchObject({ messages: [] });
  });

  it('leave the channel’s numbers as they are, also where they were all', async () => {
    const { publisher, epoch } = await fill('gone', 3);
    await expire('gone', epoch, [1, 2, 3]);
    expect(await publisher.ask({ action: 'history', channel: 'gone', id: 'h1' })).toMatchObject({
      epoch,
      offset: 3,
      messages: [],
    });
    expect(await allSentTo('gone', { since: { epoch, offset: 2 } })).toEqual([
      { ...position('gone', epoch, 3), recovered: false },
    ]);
    await untilOffset(publisher, 'gone', 4);
    expect(logOf(publisher, 'gone').map(({ offset }) => offset)).toEqual(upTo(1, 4));
  });
});

describe('a head that', () => {
  it.each<[string, (channel: string) => Promise<unknown>]>([
    ['was lost', (channel) => removeItems(parley.served, 'Channels', `CHAN#${channel}`)],
    [
      'has expired',
      (channel) =>
        changeItem(parley.served, 'Channels', { pk: `CHAN#${channel}`, sk: 'HEAD' }, { expiresAt: justOver() }),
    ],
  ])('%s begins a new epoch, in which none of the old messages is', async (kind, lose) => {
    const channel = `head-${kind.replaceAll(' ', '-')}`;
    const { publisher, epoch } = await fill(channel, 5);
    expect(await storedItems(parley.served, 'Channels', `LOG#${channel}#${epoch}`)).toHaveLength(5);
    await lose(channel);

    const bob = await parley.connect('bob');
    const since = { epoch, offset: 3 };
    const begun = await bob.ask({ action: 'subscribe', channel, since, id: 's1' });
    expect(begun).toMatchObject({ type: 'subscribed', offset: 0, recovered: false });
    expect(begun.epoch).not.toBe(epoch);
    expect(await bob.ask({ action: 'history', channel, id: 'h1' })).toMatchObject({
      epoch: begun.epoch,
      offset: 0,
      messages: [],
    });

    bob.send({ action: 'sendMessage', channel, data: 'new' });
    expect(await bob.next({ type: 'message' })).toMatchObject({ epoch: begun.epoch, offset: 1, data: 'new' });
    // who still reads by the old numbers would take the new ones for repeats: it has to come back
    await publisher.closed;
    expect(offsetsOf(publisher, channel)).toEqual(upTo(1, 5));

    for (const [i, offset] of [0, 1, 5].entries()) {
      expect(await allSentTo(channel, { since: { epoch, offset } })).toEqual([
        { type: 'subscribed', id: 's', channel, epoch: begun.epoch, offset: 1 + i, recovered: false },
      ]);
    }
    const [, ...newest] = await allSentTo(channel, { rewind: 9 });
    await untilOffset(bob, channel, 5);
    expect(newest).toEqual(messagesOf(bob, channel).slice(0, 4));
    expect(await bob.ask({ action: 'history', channel, id: 'h2' })).toMatchObject({
      messages: messagesOf(bob, channel).map(withoutAddress),
    });
    expect(offsetsOf(bob, channel)).toEqual(upTo(1, 5));
  });
});

/** A message as a history has it. */
function withoutAddress({ type: _type, channel: _channel, ...message }: Document): Document {
  return message;
}
