import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { forBoth, type Scenario } from './scenario.ts';
import { dataOf, offsetsOf, writerAndReader } from './writer-and-reader.ts';

/** A message that fills a good part of a frame. */
const LARGE = 'x'.repeat(10_000);

/** Who was away is sent what it missed. */
export const recovery: readonly Scenario[] = [
  ...forBoth('has each message once, in order, over killed TCP connections while more pour in', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 0);
    let sent = 0;
    let isPouring = true;
    const pouring = (async () => {
      while (isPouring) await writer.publish(channel, ++sent);
    })();
    for (let times = 0; times < 5; times++) {
      await reader.untilMessages(channel, reader.messages(channel).length + 3);
      await reader.kill();
      await writer.untilMessages(channel, writer.messages(channel).length + 3);
      expect((await reader.comeBack()).get(channel)).toMatchObject({ recovered: true });
    }
    isPouring = false;
    await pouring;
    await reader.untilMessages(channel, sent);
    expect(reader.messages(channel)).toEqual(upTo(1, sent).map((n) => ({ data: n, user: 'writer', offset: n })));
  }),

  ...forBoth('says that nothing was missed where nothing was', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 2);
    await reader.kill();
    expect((await reader.comeBack()).get(channel)).toMatchObject({ recovered: true });
    await writer.publish(channel, 3);
    await reader.untilMessages(channel, 3);
    expect(dataOf(reader, channel)).toEqual([1, 2, 3]);
  }),

  ...forBoth(
    'says so, and never sends a part, where the history is too small',
    async (stage, kind) => {
      const channel = stage.channel('small:');
      const { writer, reader } = await writerAndReader(stage, kind, channel, 2);
      await reader.kill();
      await writer.publishTogether(channel, upTo(3, 8));
      await writer.untilMessages(channel, 8);
      expect((await reader.comeBack()).get(channel)).toMatchObject({ recovered: false });
      await writer.publish(channel, 9);
      await reader.untilMessages(channel, 3);
      expect(dataOf(reader, channel)).toEqual([1, 2, 9]);

      // five are kept: that many may be missed
      await reader.kill();
      await writer.publishTogether(channel, upTo(10, 14));
      await writer.untilMessages(channel, 14);
      expect((await reader.comeBack()).get(channel)).toMatchObject({ recovered: true });
      await reader.untilMessages(channel, 8);
      expect(dataOf(reader, channel)).toEqual([1, 2, 9, 10, 11, 12, 13, 14]);
    },
    { needsApp: true },
  ),

  ...forBoth('says so where the history was removed meanwhile', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 2);
    await reader.kill();
    await writer.publish(channel, 3);
    await writer.untilMessages(channel, 3);
    expect(await stage.api('history_remove', { channel })).toEqual({ result: {} });
    await writer.publish(channel, 4);
    await writer.untilMessages(channel, 4);
    expect((await reader.comeBack()).get(channel)).toMatchObject({ recovered: false });
    await writer.publish(channel, 5);
    await reader.untilMessages(channel, 3);
    expect(reader.messages(channel)).toMatchObject([{ offset: 1 }, { offset: 2 }, { data: 5, offset: 5 }]);
  }),

  ...forBoth('takes as many frames as it needs, and newer messages wait behind', async (stage, kind) => {
    const channel = stage.channel();
    const { writer, reader } = await writerAndReader(stage, kind, channel, 1);
    await reader.kill();
    await Promise.all(upTo(2, 33).map((n) => writer.publish(channel, `${n} ${LARGE}`)));
    await writer.untilMessages(channel, 33);
    const [begun] = await Promise.all([reader.comeBack(), writer.publish(channel, 34), writer.publish(channel, 35)]);
    expect(begun.get(channel)).toMatchObject({ recovered: true });
    await reader.untilMessages(channel, 35);
    expect(offsetsOf(reader.messages(channel))).toEqual(upTo(1, 35));
  }),

  ...forBoth('gives 128 channels of one frame what each has missed', async (stage, kind) => {
    const channels = upTo(1, 128).map(() => stage.channel());
    const reader = await stage.join(kind, 'reader');
    await stage.api('broadcast', { channels, data: 'hello' });
    const begun = await reader.subscribeTogether(channels);
    expect([...begun.values()].filter(({ recovered }) => !recovered)).toEqual([]);
    for (const channel of channels) {
      await reader.untilMessages(channel, 1);
      expect(reader.messages(channel)).toEqual([{ data: 'hello', offset: 1 }]);
    }
  }),

  ...forBoth('begins anew, told by 2500, where the history ends while it is under way', async (stage, kind) => {
    const writer = await stage.join(kind, 'writer');
    const large = LARGE.repeat(3);
    // whether the removal comes in between is for the stack to decide: with another channel it may
    for (let tries = 1; ; tries++) {
      const channel = stage.channel();
      await writer.subscribe(channel);
      await Promise.all(upTo(1, 60).map((n) => writer.publish(channel, `${n} ${large}`)));
      await writer.untilMessages(channel, 60);
      const late = await stage.join(kind, 'late');
      expect(await late.subscribe(channel, { since: { epoch: '', offset: 0 } })).toMatchObject({ recovered: true });
      await stage.api('history_remove', { channel });
      await writer.publish(channel, 'new');
      const told = await Promise.race([
        late.untilUnsubscribed(channel),
        late.untilMessages(channel, 61).then(() => undefined),
      ]);
      if (told === undefined && tries < 10) continue;
      expect(told).toMatchObject({ code: 2500, again: { recovered: false } });
      const before = offsetsOf(late.messages(channel));
      expect(before).toEqual(upTo(1, before.length));
      expect(before.length).toBeLessThan(60);
      await writer.publish(channel, 'newer');
      await late.untilMessages(channel, before.length + 1);
      expect(['new', 'newer']).toContain(late.messages(channel)[before.length]?.data);
      return;
    }
  }),
];
