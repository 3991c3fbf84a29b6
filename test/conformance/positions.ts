import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { dataOf, offsetsOf, writerAndReader } from './writer-and-reader.ts';

/** Where a client says that it stands. */
export const positions: readonly Scenario[] = [
  ...forBoth('gives all from a position that the client names', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 5);
    const { epoch } = reader.position(channel);
    const late = await stage.join(kind, 'late');
    expect(await late.subscribe(channel, { since: { epoch, offset: 2 } })).toEqual({ epoch, recovered: true });
    await writer.publish(channel, 6);
    await late.untilMessages(channel, 4);
    expect(offsetsOf(late.messages(channel))).toEqual([3, 4, 5, 6]);
  }),

  ...forBoth('gives all there is to who names no epoch and the offset 0', async (stage, kind) => {
    const channel = stage.channel();
    await writerAndReader(stage, kind, channel, 3);
    const late = await stage.join(kind, 'late');
    expect(await late.subscribe(channel, { since: { epoch: '', offset: 0 } })).toMatchObject({ recovered: true });
    await late.untilMessages(channel, 3);
    expect(dataOf(late, channel)).toEqual([1, 2, 3]);
  }),

  ...forBoth('says so, and sends nothing, where the epoch is another', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 3);
    const { epoch } = reader.position(channel);
    const late = await stage.join(kind, 'late');
    expect(await late.subscribe(channel, { since: { epoch: 'another', offset: 1 } })).toEqual({
      epoch,
      recovered: false,
    });
    expect(late.position(channel)).toEqual({ epoch, offset: 3 });
    await writer.publish(channel, 4);
    await late.untilMessages(channel, 1);
    expect(dataOf(late, channel)).toEqual([4]);
  }),

  ...forBoth('says so, and sends nothing, where the offset is beyond the channel’s', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 3);
    const { epoch } = reader.position(channel);
    const late = await stage.join(kind, 'late');
    expect(await late.subscribe(channel, { since: { epoch, offset: 4 } })).toEqual({ epoch, recovered: false });
    await writer.publish(channel, 4);
    await late.untilMessages(channel, 1);
    expect(dataOf(late, channel)).toEqual([4]);
  }),

  ...forBoth(
    'is there for who asks for it, in a namespace that does not force it',
    async (stage, kind) => {
      const channel = stage.channel('asked:');
      const { writer, reader } = await writerAndReader(stage, kind, channel, 1);
      const { epoch } = await reader.history(channel, { limit: 1 });
      const late = await stage.join(kind, 'late');
      expect(await late.subscribe(channel, { since: { epoch, offset: 0 } })).toMatchObject({ recovered: true });
      await writer.publish(channel, 2);
      await late.untilMessages(channel, 2);
      expect(dataOf(late, channel)).toEqual([1, 2]);
    },
    { needsApp: true },
  ),

  scenario('plain', 'gives the last messages to who asks for them with rewind', async (stage) => {
    const channel = stage.channel();
    await writerAndReader(stage, 'plain', channel, 5);
    const late = await stage.plain('late');
    const { epoch } = await late.ask({ action: 'subscribe', channel, rewind: 2, id: 's1' });
    expect(await late.next({ type: 'message' })).toMatchObject({ epoch, offset: 4, data: 4 });
    expect(await late.next({ type: 'message' })).toMatchObject({ epoch, offset: 5, data: 5 });
    expect(late.documents[0]).toEqual({ type: 'subscribed', id: 's1', channel, epoch, offset: 3 });

    const all = await stage.plain('later', { query: { channels: channel, rewind: '100' } });
    expect(await all.next({ type: 'subscribed' })).toEqual({ type: 'subscribed', channel, epoch, offset: 0 });
    for (const offset of upTo(1, 5)) expect(await all.next({ type: 'message' })).toMatchObject({ offset });
  }),

  scenario('plain', 'is asked for in the handshake, too', async (stage) => {
    const [channel, other] = [stage.channel(), stage.channel()];
    const { reader } = await writerAndReader(stage, 'plain', channel, 3);
    const { epoch } = reader.position(channel);
    const late = await stage.plain('late', {
      query: { channels: `${channel},${other}`, [`since.${channel}`]: `${epoch}:1`, [`since.${other}`]: 'what?' },
    });
    expect(await late.next({ type: 'subscribed', channel })).toEqual({
      type: 'subscribed',
      channel,
      epoch,
      offset: 1,
      recovered: true,
    });
    for (const offset of [2, 3]) expect(await late.next({ type: 'message', channel })).toMatchObject({ offset });
    expect(await late.next({ type: 'subscribed', channel: other })).toMatchObject({ recovered: false, offset: 0 });
  }),

  scenario('frames', 'is error 112 where it must not be a loss, and no subscription', async (stage) => {
    const channel = stage.channel();
    const client = await stage.frames('alice');
    const lost = { channel, recover: true, epoch: 'another', offset: 1, flag: 2 };
    expect(await client.ask({ id: 2, subscribe: lost })).toEqual({
      id: 2,
      error: { code: 112, message: 'unrecoverable position' },
    });
    expect(await client.ask({ id: 3, subscribe: { channel } })).toMatchObject({ subscribe: { recoverable: true } });
  }),

  scenario('frames', 'has its publications in the reply, and the last one’s offset', async (stage) => {
    const channel = stage.channel();
    const { reader } = await writerAndReader(stage, 'sdk', channel, 3);
    const { epoch } = reader.position(channel);
    const client = await stage.frames('late');
    const reply = await client.ask({ id: 2, subscribe: { channel, recover: true, epoch, offset: 1 } });
    expect(reply).toEqual({
      id: 2,
      subscribe: {
        recoverable: true,
        positioned: true,
        epoch,
        offset: 3,
        recovered: true,
        was_recovering: true,
        publications: [
          { data: 2, offset: 2, time: expect.any(Number), info: { user: 'writer', client: expect.any(String) } },
          { data: 3, offset: 3, time: expect.any(Number), info: { user: 'writer', client: expect.any(String) } },
        ],
      },
    });
  }),
];
