import { beforeAll, describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { messagesOf, untilOffset, upTo } from '../support/pouring.ts';

const FRAME_BYTES = 32 * 1024;
const CHANNEL = 'pages';
const MESSAGES = 120;

const parley = useParley();

/** The channel's messages as a history has them. */
let kept: Document[];
let epoch: string;

let asked = 0;
const ask = (client: PlainClient, range: Document, channel = CHANNEL) =>
  client.ask({ action: 'history', channel, id: `h${++asked}`, ...range });
const messagesIn = ({ messages }: Document) => messages as Document[];

async function reader(channel = CHANNEL): Promise<PlainClient> {
  const client = await parley.connect('bob', { channels: [channel] });
  await client.next({ type: 'subscribed' });
  return client;
}

beforeAll(async () => {
  const alice = await parley.connect('alice', { channels: [CHANNEL] });
  ({ epoch } = (await alice.next({ type: 'subscribed' })) as { epoch: string });
  for (const part of [0, 1, 2, 3]) {
    const numbers = upTo(part * 30 + 1, part * 30 + 30);
    alice.sendInPieces(
      ...numbers.map((n) => ({
        action: 'sendMessage',
        channel: CHANNEL,
        data: `${n}`.padEnd(1_000),
        tags: { n: `${n}` },
      })),
    );
    await untilOffset(alice, CHANNEL, part * 30 + 30);
  }
  kept = messagesOf(alice, CHANNEL).map(({ type: _type, channel: _channel, ...message }) => message);
  expect(kept.map(({ offset }) => offset)).toEqual(upTo(1, MESSAGES));
});

describe('a channel’s history', () => {
  it('has the newest messages, oldest first, and where the channel stands', async () => {
    const bob = await reader();
    expect(await ask(bob, { limit: 5 })).toEqual({
      type: 'history',
      id: `h${asked}`,
      channel: CHANNEL,
      epoch,
      offset: MESSAGES,
      messages: kept.slice(-5),
    });
    expect(await ask(bob, { limit: 0 })).toMatchObject({ epoch, offset: MESSAGES, messages: [] });
  });

  it('is read to its beginning page by page, and to its end, each page a frame', async () => {
    const bob = await reader();
    const back: Document[] = [];
    for (let before = MESSAGES + 1; before > 1; before = Number(back[0]?.offset)) {
      back.unshift(...messagesIn(await ask(bob, { before, limit: 1_000_000 })));
    }
    expect(back).toEqual(kept);
    const forth: Document[] = [];
    while (forth.length < MESSAGES) {
      forth.push(...messagesIn(await ask(bob, { after: forth.length, limit: 1_000 })));
    }
    expect(forth).toEqual(kept);
    // 120 messages of 1 KB, about 27 a page
    expect(bob.frames.filter((frame) => frame.includes('"history"'))).toHaveLength(10);
    for (const frame of bob.frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_BYTES);
    expect(await ask(bob, { after: MESSAGES })).toMatchObject({ offset: MESSAGES, messages: [] });
    expect(await ask(bob, { before: 1 })).toMatchObject({ offset: MESSAGES, messages: [] });
  });

  it('is read between two offsets, from the first on', async () => {
    const bob = await reader();
    expect(messagesIn(await ask(bob, { after: 40, before: 44 }))).toEqual(kept.slice(40, 43));
    expect(messagesIn(await ask(bob, { after: 40, before: 90, limit: 2 }))).toEqual(kept.slice(40, 42));
    expect(messagesIn(await ask(bob, { before: 90, limit: 2 }))).toEqual(kept.slice(87, 89));
    expect(messagesIn(await ask(bob, { after: 9e15 }))).toEqual([]);
  });

  it('shares a frame with what else is asked for in one', async () => {
    const bob = await reader();
    const ids = ['a', 'b', 'c'];
    bob.send(...ids.map((id) => ({ action: 'history', channel: CHANNEL, id, limit: 25 })), { action: 'ping', id: 'p' });
    const answers = await Promise.all(ids.map((id) => bob.next({ type: 'history', id })));
    await bob.next({ type: 'pong', id: 'p' });
    const [first = [], second = [], third = []] = answers.map(messagesIn);
    expect(first).toEqual(kept.slice(-25));
    // what is left of the frame may be less than was asked for, or none
    for (const rest of [second, third]) expect(rest).toEqual(kept.slice(MESSAGES - rest.length));
    expect(second.length + third.length).toBeLessThan(25);
    const frames = bob.frames.filter((frame) => frame.includes('"history"'));
    expect(frames).toHaveLength(1);
    expect(Buffer.byteLength(String(frames[0]))).toBeLessThanOrEqual(FRAME_BYTES);
  });

  it('of the largest messages has one of them in a frame', async () => {
    const bob = await reader('large');
    for (const n of [1, 2]) bob.send({ action: 'sendMessage', channel: 'large', data: `${n}`.padEnd(32_450) });
    await untilOffset(bob, 'large', 2);
    const page = messagesIn(await ask(bob, { limit: 2 }, 'large'));
    expect(page).toEqual([expect.objectContaining({ offset: 2 })]);
    expect(messagesIn(await ask(bob, { before: 2 }, 'large'))).toEqual([expect.objectContaining({ offset: 1 })]);
  });

  it('is one of nothing where nothing was published', async () => {
    const bob = await reader('silent');
    expect(await ask(bob, {}, 'silent')).toMatchObject({ epoch: expect.stringMatching(/./), offset: 0, messages: [] });
  });

  it('is not for who does not read the channel', async () => {
    const carol = await parley.connect('carol');
    expect(await ask(carol, {})).toMatchObject({ type: 'error', channel: CHANNEL, code: 'permission_denied' });
    const claims = { caps: [{ channels: [CHANNEL], allow: ['hst'] }] };
    const dave = await parley.connect('dave', { claims });
    expect(messagesIn(await ask(dave, { limit: 1 }))).toEqual(kept.slice(-1));
  });
});
