import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { clientOf } from '../support/sdk-client.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';

/** Who reads a channel is sent its publications. */
export const publishing: readonly Scenario[] = [
  ...forBoth('reaches every reader, the publisher too, once and in order', async (stage, kind) => {
    const channel = stage.channel();
    const users = ['alice', 'bob', 'carol'].map(stage.user);
    const readers = await Promise.all(users.map((user) => stage.join(kind, user)));
    for (const reader of readers) await reader.subscribe(channel);
    const [alice] = readers;
    for (const n of upTo(1, 20)) await alice?.publish(channel, { n });
    for (const reader of readers) {
      await reader.untilMessages(channel, 20);
      expect(reader.messages(channel)).toEqual(upTo(1, 20).map((n) => ({ data: { n }, user: users[0], offset: n })));
    }
  }),

  ...forBoth('begins at the position that a subscribe is answered', async (stage, kind) => {
    const channel = stage.channel();
    const alice = await stage.join(kind, 'alice');
    await alice.subscribe(channel);
    for (const n of upTo(1, 3)) await alice.publish(channel, n);
    await alice.untilMessages(channel, 3);
    const bob = await stage.join(kind, 'bob');
    await bob.subscribe(channel);
    expect(bob.position(channel)).toEqual(alice.position(channel));
    await alice.publish(channel, 4);
    await bob.untilMessages(channel, 1);
    expect(bob.messages(channel)).toEqual([{ data: 4, user: 'alice', offset: 4 }]);
  }),

  ...forBoth('ends with unsubscribe', async (stage, kind) => {
    const channel = stage.channel();
    const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
    for (const reader of [alice, bob]) await reader.subscribe(channel);
    await alice.publish(channel, 'both');
    await bob.untilMessages(channel, 1);
    await bob.unsubscribe(channel);
    await alice.publish(channel, 'alone');
    await alice.untilMessages(channel, 2);
    // what was on its way would be there before this
    await bob.subscribe(channel);
    expect(bob.messages(channel).map(({ data }) => data)).toEqual(['both']);
  }),

  ...forBoth('takes any JSON', async (stage, kind) => {
    const channel = stage.channel();
    const alice = await stage.join(kind, 'alice');
    await alice.subscribe(channel);
    const all = [null, false, 0, '', [], {}, 'é€🙂\u2028\n', { a: [{ b: null }], __proto__x: 1 }, 1.5e300];
    await alice.publishTogether(channel, all);
    await alice.untilMessages(channel, all.length);
    expect(alice.messages(channel).map(({ data }) => data)).toEqual(all);
  }),

  ...forBoth('takes a hundred messages of one frame in their order', async (stage, kind) => {
    const channel = stage.channel();
    const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
    for (const reader of [alice, bob]) await reader.subscribe(channel);
    await alice.publishTogether(channel, upTo(1, 100));
    for (const reader of [alice, bob]) {
      await reader.untilMessages(channel, 100);
      expect(reader.messages(channel).map(({ data, offset }) => [data, offset])).toEqual(
        upTo(1, 100).map((n) => [n, n]),
      );
    }
  }),

  ...forBoth('takes a hundred messages of a hundred frames, each once', async (stage, kind) => {
    const channel = stage.channel();
    const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
    for (const reader of [alice, bob]) await reader.subscribe(channel);
    await Promise.all(upTo(1, 100).map((n) => alice.publish(channel, n)));
    for (const reader of [alice, bob]) {
      await reader.untilMessages(channel, 100);
      const messages = reader.messages(channel);
      expect(messages.map(({ offset }) => offset)).toEqual(upTo(1, 100));
      expect(messages.map(({ data }) => Number(data)).sort((a, b) => a - b)).toEqual(upTo(1, 100));
    }
    expect(bob.messages(channel)).toEqual(alice.messages(channel));
  }),

  ...forBoth(
    'has neither offset nor epoch in a namespace without history',
    async (stage, kind) => {
      const channel = stage.channel('live:');
      const [alice, bob] = [await stage.join(kind, 'alice'), await stage.join(kind, 'bob')];
      expect(await alice.subscribe(channel)).toEqual({});
      await bob.publish(channel, 'hi');
      await alice.untilMessages(channel, 1);
      expect(alice.messages(channel)).toEqual([{ data: 'hi', user: 'bob' }]);
    },
    { needsApp: true },
  ),

  scenario('plain and sdk', 'gives plain readers and the SDK’s the same, to each in its own format', async (stage) => {
    const channel = stage.channel();
    const plain = await stage.join('plain', 'alice');
    const sdk = await stage.join('sdk', 'bob', { claims: { info: { name: 'Bob' } } });
    for (const reader of [plain, sdk]) await reader.subscribe(channel);
    for (const n of upTo(1, 10)) await (n % 2 ? plain : sdk).publish(channel, { n });
    await stage.api('publish', { channel, data: 'by the server', tags: { of: 'server' } });
    for (const reader of [plain, sdk]) {
      await reader.untilMessages(channel, 11);
      expect(reader.messages(channel)).toEqual([
        ...upTo(1, 10).map((n) => ({ data: { n }, user: n % 2 ? 'alice' : 'bob', offset: n })),
        { data: 'by the server', offset: 11, tags: { of: 'server' } },
      ]);
    }
  }),

  scenario('plain and sdk', 'tells the SDK alone over which connection, and with which info', async (stage) => {
    const channel = stage.channel();
    const plain = await stage.plain('alice');
    const sdk = await stage.sdk('bob', { claims: { info: { name: 'Bob' } } });
    await plain.ask({ action: 'subscribe', channel, id: 's' });
    sdk.subscription(channel).subscribe();
    await sdk.next({ event: 'subscribed', channel });
    await sdk.centrifuge.publish(channel, 'hi');
    const message = await plain.next({ type: 'message' });
    expect(Object.keys(message).sort()).toEqual(['channel', 'data', 'epoch', 'id', 'offset', 'time', 'type', 'user']);
    const { info } = await sdk.next({ event: 'publication', channel });
    expect(info).toEqual({ user: 'bob', client: clientOf(sdk), connInfo: { name: 'Bob' } });
  }),

  scenario('plain', 'of a message with an idempotency key is done once, however often it is sent', async (stage) => {
    const channel = stage.channel();
    const alice = await stage.plain('alice');
    await alice.ask({ action: 'subscribe', channel, id: 's' });
    const send = (id: string, data: unknown, idempotencyKey?: string) =>
      alice.ask({ action: 'sendMessage', channel, data, id, ...(idempotencyKey && { idempotencyKey }) });
    const acks = await Promise.all([send('1', 'once', 'k'), send('2', 'once', 'k'), send('3', 'once', 'k')]);
    expect(new Set(acks.map(({ messageId }) => messageId)).size).toBe(1);
    await send('4', 'last');
    await alice.next({ type: 'message', data: 'last' });
    expect(alice.documents.filter(({ type }) => type === 'message')).toMatchObject([
      { offset: 1, data: 'once', key: 'k', id: acks[0]?.messageId },
      { offset: 2, data: 'last' },
    ]);
  }),

  scenario('plain and sdk', 'of an ephemeral message reaches who is there, and takes no offset', async (stage) => {
    const channel = stage.channel();
    const [plain, sdk] = [await stage.plain('alice'), await stage.join('sdk', 'bob')];
    await plain.ask({ action: 'subscribe', channel, id: 's' });
    await sdk.subscribe(channel);
    plain.send({ action: 'sendMessage', channel, data: '…', ephemeral: true });
    await sdk.untilMessages(channel, 1);
    await sdk.publish(channel, 'kept');
    await sdk.untilMessages(channel, 2);
    expect(sdk.messages(channel)).toEqual([
      { data: '…', user: 'alice' },
      { data: 'kept', user: 'bob', offset: 1 },
    ]);
  }),

  scenario(
    'plain',
    'goes on where a second subscribe is refused, and an unsubscribe of nothing is none',
    async (stage) => {
      const [channel, other] = [stage.channel(), stage.channel()];
      const client = await stage.plain('alice');
      await client.ask({ action: 'subscribe', channel, id: 's1' });
      expect(await client.ask({ action: 'subscribe', channel, id: 's2' })).toMatchObject({
        type: 'error',
        channel,
        code: 'already_subscribed',
      });
      expect(await client.ask({ action: 'unsubscribe', channel: other, id: 'u' })).toEqual({
        type: 'unsubscribed',
        id: 'u',
        channel: other,
      });
      client.send({ action: 'sendMessage', channel, data: 'still here' });
      expect(await client.next({ type: 'message' })).toMatchObject({ offset: 1 });
    },
  ),

  scenario(
    'frames',
    'goes on where a second subscribe is refused, and an unsubscribe of nothing is none',
    async (stage) => {
      const [channel, other] = [stage.channel(), stage.channel()];
      const client = await stage.frames('alice');
      await client.ask({ id: 2, subscribe: { channel } });
      expect(await client.ask({ id: 3, subscribe: { channel } })).toEqual({
        id: 3,
        error: { code: 105, message: 'already subscribed' },
      });
      expect(await client.ask({ id: 4, unsubscribe: { channel: other } })).toEqual({ id: 4, unsubscribe: {} });
      client.send({ id: 5, publish: { channel, data: 'still here' } });
      expect((await client.next((document) => 'push' in document)).push).toMatchObject({ pub: { offset: 1 } });
    },
  ),
];
