import { describe, expect, it } from 'vitest';
import { withoutGrant, withVariables } from '../support/changed-template.ts';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { messagesOf, upTo } from '../support/pouring.ts';

/** The connection is open, and serves. */
async function expectOpen(client: PlainClient): Promise<void> {
  const id = `open ${client.frames.length}`;
  expect(await client.ask({ action: 'ping', id })).toEqual({ type: 'pong', id });
}

describe('a client is told, and stays connected:', () => {
  const parley = useParley();

  const message = { action: 'sendMessage', channel: 'general', data: 'hi', id: 'x' };
  const subscribe = { action: 'subscribe', channel: 'general', id: 'x' };

  it.each<[string, Document]>([
    ['channel', { ...message, channel: undefined }],
    ['channel', { ...message, channel: 7 }],
    ['channel', { ...message, channel: '' }],
    ['channel', { ...message, channel: 'a b' }],
    ['channel', { ...subscribe, channel: 'every*' }],
    ['channel', { ...subscribe, channel: 'x'.repeat(256) }],
    ['channel', { ...subscribe, channel: 'bell\u0007' }],
    ['channel', { ...subscribe, channel: 'party🎉' }],
    ['channel', { ...subscribe, action: 'presence', channel: 'a\nb' }],
    ['channel', { ...subscribe, action: 'unsubscribe', channel: null }],
    ['channel', { ...subscribe, action: 'history', channel: [] }],
    ['data', { ...message, data: undefined }],
    ['data', { ...message, data: JSON.parse('['.repeat(200) + ']'.repeat(200)) }],
    ['idempotencyKey', { ...message, idempotencyKey: '' }],
    ['idempotencyKey', { ...message, idempotencyKey: 'k'.repeat(65) }],
    ['tags', { ...message, tags: { mood: 1 } }],
    ['tags', { ...message, tags: 'sunny' }],
    ['ephemeral', { ...message, ephemeral: 'yes' }],
    ['since.offset', { ...subscribe, since: { epoch: 'e', offset: -1 } }],
    ['since.offset', { ...subscribe, since: { epoch: 'e', offset: 1.5 } }],
    ['since.offset', { ...subscribe, since: { epoch: 'e', offset: 1e300 } }],
    ['since.offset', { ...subscribe, since: { epoch: 'e', offset: '1' } }],
    ['since.epoch', { ...subscribe, since: { offset: 1 } }],
    ['since', { ...subscribe, since: 'e:1' }],
    ['rewind', { ...subscribe, rewind: 1.5 }],
    ['rewind', { ...subscribe, rewind: 1, since: { epoch: 'e', offset: 1 } }],
    ['limit', { ...subscribe, action: 'history', limit: -1 }],
    ['limit', { ...subscribe, action: 'history', limit: '10' }],
    ['before', { ...subscribe, action: 'history', before: -1 }],
    ['after', { ...subscribe, action: 'history', after: 0.5 }],
    ['after', { ...subscribe, action: 'presence', after: 7 }],
    ['token', { action: 'refresh', id: 'x' }],
    ['token', { action: 'refresh', token: '', id: 'x' }],
    ['action', { id: 'x' }],
    ['action', { action: 7, id: 'x' }],
  ])('bad_request, with the name of the field %s', async (field, document) => {
    const client = await parley.connect('alice', { channels: ['general'] });
    const error = await client.ask({ ...document, id: 'x' });
    expect(error).toMatchObject({ type: 'error', id: 'x', code: 'bad_request' });
    expect(error.message).toMatch(new RegExp(`^${field}: .`));
    await expectOpen(client);
  });

  it('bad_request, without an id where that is what is wrong', async () => {
    const client = await parley.connect('alice');
    client.send({ action: 'ping', id: 'x'.repeat(65) });
    expect(await client.next({ type: 'error' })).toEqual({
      type: 'error',
      code: 'bad_request',
      message: 'id: must have 1 to 64 characters',
    });
    await expectOpen(client);
  });

  it.each(['hello', '{"action":"ping"', '"ping"', '[]', '7', 'null', ' '])(
    'bad_request for the frame %j',
    async (frame) => {
      const client = await parley.connect('alice');
      client.send(frame);
      const error = await client.next({ type: 'error' });
      expect(error).toEqual({ type: 'error', code: 'bad_request', message: expect.stringMatching(/JSON|empty/) });
      await expectOpen(client);
    },
  );

  it('unknown_action', async () => {
    const client = await parley.connect('alice');
    const error = await client.ask({ action: 'dance', channel: 'general', id: 'x' });
    expect(error).toMatchObject({ type: 'error', channel: 'general', code: 'unknown_action' });
    expect(error.message).toContain('dance');
    await expectOpen(client);
  });

  it.each(['sendMessage', 'subscribe', 'unsubscribe'])('unknown_channel for %s', async (action) => {
    const client = await parley.connect('alice');
    expect(await client.ask({ ...message, action, channel: 'nowhere:general' })).toMatchObject({
      type: 'error',
      channel: 'nowhere:general',
      code: 'unknown_channel',
      message: expect.stringContaining('nowhere'),
    });
    await expectOpen(client);
  });

  it('permission_denied, to publish where it is not subscribed, and to read another’s channel', async () => {
    const client = await parley.connect('alice');
    const denied = { type: 'error', id: 'x', code: 'permission_denied' };
    expect(await client.ask(message)).toMatchObject({ ...denied, channel: 'general' });
    expect(await client.ask({ ...subscribe, channel: 'dm#bob' })).toMatchObject({ ...denied, channel: 'dm#bob' });
    expect(await client.ask({ ...subscribe, channel: '$secret' })).toMatchObject({ ...denied, channel: '$secret' });
    await expectOpen(client);
  });

  it('permission_denied for a subscription token of another user, or for another channel', async () => {
    const client = await parley.connect('alice');
    const channel = '$secret';
    const tokens = [
      await parley.token('bob', { claims: { channel } }),
      await parley.token('alice', { claims: { channel: '$other' } }),
      await parley.token('alice', { claims: {} }),
      'nonsense',
    ];
    for (const [i, token] of tokens.entries()) {
      expect(await client.ask({ ...subscribe, channel, token, id: `s${i}` })).toMatchObject({
        type: 'error',
        channel,
        code: 'permission_denied',
      });
    }
    const over = await parley.token('alice', { ttl: -1, claims: { channel } });
    expect(await client.ask({ ...subscribe, channel, token: over })).toMatchObject({ code: 'token_expired' });
    const good = await parley.token('alice', { claims: { channel } });
    expect(await client.ask({ ...subscribe, channel, token: good, id: 'good' })).toMatchObject({ type: 'subscribed' });
    await expectOpen(client);
  });

  it('already_subscribed', async () => {
    const client = await parley.connect('alice', { channels: ['general'] });
    await client.next({ type: 'subscribed' });
    expect(await client.ask(subscribe)).toMatchObject({
      type: 'error',
      channel: 'general',
      code: 'already_subscribed',
    });
    await expectOpen(client);
  });

  it('limit_exceeded for a message that is one byte larger than a frame can hold', async () => {
    const client = await parley.connect('alice', { channels: ['size'] });
    const sized = (bytes: number) => ({ ...message, channel: 'size', data: `é${'x'.repeat(bytes - 2)}` });
    // in the frame that it comes in it fits, in the push it does not
    const tooLarge = await client.ask(sized(32_660));
    expect(tooLarge).toMatchObject({ type: 'error', channel: 'size', code: 'limit_exceeded' });
    const over = Number(/is (\d+) bytes too large/.exec(String(tooLarge.message))?.[1]);
    expect(over).toBeGreaterThan(1);

    expect(await client.ask(sized(32_660 - over + 1))).toMatchObject({ code: 'limit_exceeded' });
    expect(await client.ask(sized(32_660 - over))).toMatchObject({ type: 'ack' });
    expect(await client.next({ type: 'message' })).toMatchObject({ data: sized(32_660 - over).data, offset: 1 });
    await expectOpen(client);
  });

  it('limit_exceeded for the 129th channel, of a thousand in a frame, too', async () => {
    const client = await parley.connect('alice');
    client.sendInPieces(...upTo(1, 1_000).map((n) => ({ action: 'subscribe', channel: `c${n}` })));
    const count = (wanted: string) => client.documents.filter(({ type }) => type === wanted).length;
    await client.until(() => count('subscribed') === 128 && count('error') === 872, '128 channels and 872 errors');
    for (const error of client.documents.filter(({ type }) => type === 'error')) {
      expect(error).toMatchObject({ channel: expect.stringMatching(/^c\d+$/), code: 'limit_exceeded' });
    }
    const another = { action: 'subscribe', channel: 'c129', id: 'x' };
    expect(await client.ask(another)).toMatchObject({ type: 'error', channel: 'c129', code: 'limit_exceeded' });
    await expectOpen(client);

    await client.ask({ action: 'unsubscribe', channel: 'c1', id: 'u1' });
    expect(await client.ask({ ...another, id: 'y' })).toMatchObject({ type: 'subscribed', channel: 'c129' });
  });

  it('limit_exceeded for more than a thousand documents in a frame, of which then none is accepted', async () => {
    const client = await parley.connect('alice');
    const pings = (count: number) => upTo(1, count).map((n) => ({ action: 'ping', id: `p${n}` }));
    client.sendInPieces(...pings(1_000));
    await client.until(() => client.documents.length === 1_000, 'a thousand pongs');
    client.sendInPieces(...pings(1_001));
    expect(await client.next({ type: 'error' })).toMatchObject({ code: 'limit_exceeded' });
    await expectOpen(client);
    expect(client.documents).toHaveLength(1_002);
  });

  it('token_expired once its token is over, until it brings a new one', async () => {
    const client = await parley.connect('alice', { channels: ['general'] });
    await client.next({ type: 'subscribed' });
    expect(await client.ask({ ...message, ephemeral: true, id: 'm0' })).toMatchObject({ type: 'ack' });
    const short = { action: 'refresh', token: await parley.token('alice', { ttl: 2 }), id: 'r0' };
    expect(await client.ask(short)).toMatchObject({ type: 'refreshed' });
    let answer: Document;
    let sent = 0;
    do answer = await client.ask({ ...message, ephemeral: true, id: `m${++sent}` });
    while (answer.type === 'ack');
    expect(answer).toMatchObject({ type: 'error', channel: 'general', code: 'token_expired' });
    await expectOpen(client);

    const refresh = { action: 'refresh', token: await parley.token('alice', { ttl: -1 }), id: 'r1' };
    expect(await client.ask(refresh)).toMatchObject({ type: 'error', code: 'token_expired' });
    const healed = { action: 'refresh', token: await parley.token('alice'), id: 'r2' };
    expect(await client.ask(healed)).toMatchObject({ type: 'refreshed' });
    expect(await client.ask({ ...message, data: 'back' })).toMatchObject({ type: 'ack' });
    await client.next({ type: 'message', data: 'back' });
  });
});

describe('refresh', () => {
  const parley = useParley();
  const publish = { action: 'sendMessage', channel: 'news', data: 'hi' };
  const maySend = { caps: [{ channels: ['news'], allow: ['pub'] }] };

  it('gives and takes permissions at once', async () => {
    const client = await parley.connect('alice');
    expect(await client.ask({ ...publish, id: 'm1' })).toMatchObject({ code: 'permission_denied' });

    const token = await parley.token('alice', { claims: maySend, ttl: 600 });
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number };
    expect(await client.ask({ action: 'refresh', token, id: 'r1' })).toEqual({
      type: 'refreshed',
      id: 'r1',
      expires: exp,
    });
    expect(await client.ask({ ...publish, id: 'm2' })).toMatchObject({ type: 'ack' });

    await client.ask({ action: 'refresh', token: await parley.token('alice'), id: 'r2' });
    expect(await client.ask({ ...publish, id: 'm3' })).toMatchObject({ code: 'permission_denied' });
  });

  it('holds for what follows in its own frame', async () => {
    const client = await parley.connect('alice');
    const token = await parley.token('alice', { claims: maySend });
    client.send({ ...publish, id: 'm1' }, { action: 'refresh', token, id: 'r1' }, { ...publish, id: 'm2' });
    expect(await client.next({ id: 'm1' })).toMatchObject({ code: 'permission_denied' });
    expect(await client.next({ id: 'm2' })).toMatchObject({ type: 'ack' });
  });

  it('refuses a token of another user and one that is none, and changes nothing', async () => {
    const client = await parley.connect('alice', { claims: maySend });
    const another = await parley.token('bob');
    for (const token of [another, 'nonsense']) {
      expect(await client.ask({ action: 'refresh', token, id: token.slice(0, 9) })).toMatchObject({
        type: 'error',
        code: 'permission_denied',
      });
    }
    await expectOpen(client);
    expect(await client.ask({ ...publish, id: 'm1' })).toMatchObject({ type: 'ack' });
  });
});

describe('where nothing is delivered and a dependency is denied', () => {
  const parley = useParley({
    changeTemplate(template) {
      const { DeliverEventSource: _, ...Resources } = template.Resources ?? {};
      const idle = { ...template, Resources };
      const low = withVariables(idle, 'SendMessage', { MAX_BACKLOG: '0' });
      return withoutGrant(low, 'Commands', (action) => action === 'sqs:SendMessage');
    },
  });

  it('a message is refused with too_many_requests while others wait', async () => {
    // its subscribe is what waits
    const client = await parley.connect('alice', { channels: ['general'] });
    const message = { action: 'sendMessage', channel: 'general', data: 'hi', id: 'm1' };
    expect(await client.ask(message)).toMatchObject({
      type: 'error',
      channel: 'general',
      code: 'too_many_requests',
    });
    await expectOpen(client);
    expect(messagesOf(client, 'general')).toEqual([]);
  });

  it('a client is told internal and the request’s id, for each of its documents, and nothing of the cause', async () => {
    const client = await parley.connect('alice');
    client.send({ action: 'subscribe', channel: 'general', id: 's1' }, { action: 'ping', id: 'p1' });
    const error = await client.next({ id: 's1' });
    expect(error).toEqual({
      type: 'error',
      id: 's1',
      channel: 'general',
      code: 'internal',
      message: expect.stringMatching(/^internal error, request \S+$/),
    });
    expect(await client.next({ id: 'p1' })).toEqual({
      type: 'error',
      id: 'p1',
      code: 'internal',
      message: error.message,
    });
    await expectOpen(client);
    const requestId = String(error.message).split(' ').at(-1);
    expect(parley.lines.some((line) => line.includes(String(requestId)) && line.includes('sqs:SendMessage'))).toBe(
      true,
    );
  });
});
