import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import type { Participant } from './participant.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { type Stage, untilTrue } from './stage.ts';

/** A reader of a channel that keeps so many messages: 1, 2, 3, … */
async function readerOf(
  stage: Stage,
  kind: Participant['kind'],
  count: number,
  dataOf: (n: number) => unknown = (n) => n,
) {
  const channel = stage.channel();
  const reader = await stage.join(kind, 'alice');
  await reader.subscribe(channel);
  if (count > 0) await reader.publishTogether(channel, upTo(1, count).map(dataOf));
  await reader.untilMessages(channel, count);
  return { channel, reader, epoch: reader.position(channel).epoch };
}

const offsetsIn = ({ messages }: { readonly messages: readonly { readonly offset?: number }[] }) =>
  messages.map(({ offset }) => offset);

/** What a channel keeps. */
export const history: readonly Scenario[] = [
  ...forBoth('is read in pages, from the oldest on and from the newest back', async (stage, kind) => {
    const { channel, reader, epoch } = await readerOf(stage, kind, 25);
    const newest = await reader.history(channel, { limit: 10 });
    expect(newest).toMatchObject({ epoch, offset: 25 });
    expect(newest.messages[0]).toMatchObject({ data: 16, user: 'alice', offset: 16 });
    expect(offsetsIn(newest)).toEqual(upTo(16, 25));
    const at = (offset: number) => ({ epoch, offset });
    expect(offsetsIn(await reader.history(channel, { limit: 10, before: at(16) }))).toEqual(upTo(6, 15));
    expect(offsetsIn(await reader.history(channel, { limit: 10, before: at(6) }))).toEqual(upTo(1, 5));
    expect(offsetsIn(await reader.history(channel, { limit: 10, after: at(0) }))).toEqual(upTo(1, 10));
    expect(offsetsIn(await reader.history(channel, { limit: 10, after: at(20) }))).toEqual(upTo(21, 25));
    expect(offsetsIn(await reader.history(channel, { limit: 10, after: at(25) }))).toEqual([]);
    expect(offsetsIn(await reader.history(channel, { limit: 1_000_000, after: at(0) }))).toEqual(upTo(1, 25));
  }),

  ...forBoth('is the position alone with the limit 0, also of a channel that was never used', async (stage, kind) => {
    const { channel, reader, epoch } = await readerOf(stage, kind, 3);
    expect(await reader.history(channel, { limit: 0 })).toEqual({ epoch, offset: 3, messages: [] });
    const other = await readerOf(stage, kind, 0);
    expect(await other.reader.history(other.channel, { limit: 10 })).toMatchObject({ offset: 0, messages: [] });
  }),

  ...forBoth('comes in several replies where it is more than a frame holds', async (stage, kind) => {
    const large = 'x'.repeat(6_000);
    const { channel, reader, epoch } = await readerOf(stage, kind, 0);
    await Promise.all(upTo(1, 10).map(() => reader.publish(channel, large)));
    await reader.untilMessages(channel, 10);
    const offsets: unknown[] = [];
    for (let pages = 1; offsets.length < 10; pages++) {
      const page = await reader.history(channel, { limit: 100, after: { epoch, offset: offsets.length } });
      expect(page.messages.length).toBeGreaterThan(0);
      expect(page.messages.length).toBeLessThan(6);
      offsets.push(...offsetsIn(page));
      expect(pages).toBeLessThan(5);
    }
    expect(offsets).toEqual(upTo(1, 10));
  }),

  ...forBoth('is empty when it was removed, and goes on', async (stage, kind) => {
    const { channel, reader, epoch } = await readerOf(stage, kind, 3);
    await stage.api('history_remove', { channel });
    await untilTrue(async () => (await reader.history(channel, { limit: 10 })).messages.length === 0);
    expect(await reader.history(channel, { limit: 10 })).toEqual({ epoch, offset: 3, messages: [] });
    await reader.publish(channel, 4);
    await reader.untilMessages(channel, 4);
    expect(await reader.history(channel, { limit: 10 })).toMatchObject({ epoch, offset: 4, messages: [{ offset: 4 }] });
  }),

  ...forBoth(
    'holds as many as the namespace says',
    async (stage, kind) => {
      const channel = stage.channel('small:');
      const reader = await stage.join(kind, 'alice');
      await reader.subscribe(channel);
      await reader.publishTogether(channel, upTo(1, 8));
      await reader.untilMessages(channel, 8);
      const { epoch } = reader.position(channel);
      expect(offsetsIn(await reader.history(channel, { limit: 10, after: { epoch, offset: 0 } }))).toEqual(upTo(4, 8));
    },
    { needsApp: true },
  ),

  scenario('sdk', 'is not read from a position of another epoch', async (stage) => {
    const { channel, reader } = await readerOf(stage, 'sdk', 3);
    const after = { epoch: 'another', offset: 1 };
    await expect(reader.history(channel, { limit: 10, after })).rejects.toMatchObject({
      code: 'unrecoverable_position',
    });
  }),
];
