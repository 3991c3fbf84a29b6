import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Publication } from '../../../lambdas/chat/ports.ts';
import { centrifugeFormat } from '../../../lambdas/protocol/centrifuge-format.ts';
import { jsonFormat } from '../../../lambdas/protocol/json.ts';
import { subscribeEvent } from '../../support/memory-chat.ts';

const formats = { json: jsonFormat, centrifuge: centrifugeFormat({ now: () => Date.UTC(2026, 0, 1) }) };

const text = fc.string({ unit: 'binary' });
const offset = fc.nat(Number.MAX_SAFE_INTEGER);
const publication: fc.Arbitrary<Publication> = fc.record(
  {
    id: text,
    user: text,
    connection: text,
    info: fc.jsonValue(),
    data: fc.jsonValue(),
    tags: fc.dictionary(text, text),
    key: text,
    time: fc.nat(),
    offset,
    epoch: text,
  },
  { requiredKeys: ['id', 'data', 'time', 'offset'] },
);
const event = fc.record(
  {
    channel: fc.string(),
    id: fc.integer({ min: 1 }).map(String),
    by: fc.constantFrom('connect', 'server'),
    since: fc.record({ epoch: text, offset }),
    recoverable: fc.constant(true),
    expires: fc.nat(2 ** 31),
  },
  { requiredKeys: ['channel'] },
);
const outcome = fc.record(
  { position: fc.record({ epoch: text, offset: fc.oneof(fc.constant(0), offset) }), recovered: fc.boolean() },
  { requiredKeys: [] },
);

describe.each(['json', 'centrifuge'] as const)('the frame of a %s subscribe', (name) => {
  const format = formats[name];

  it('is as large as its parts, one byte more for each, and 64', () => {
    fc.assert(
      fc.property(event, outcome, fc.array(publication), (asked, ended, publications) => {
        const subscribe = subscribeEvent('c1', asked as Parameters<typeof subscribeEvent>[1]);
        const missed = publications.map((one) => ({ publication: one, text: format.piece(subscribe.channel, one) }));
        const bare = Buffer.byteLength(format.subscribed(subscribe, { ...ended, missed: [] }));
        const pieces = missed.reduce((sum, piece) => sum + Buffer.byteLength(piece.text) + 1, 0);
        const frame = format.subscribed(subscribe, { ...ended, missed });
        expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(bare + pieces + 64);
        for (const line of frame === '' ? [] : frame.split('\n')) expect(() => JSON.parse(line)).not.toThrow();
      }),
    );
  });
});
