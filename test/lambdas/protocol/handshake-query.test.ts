import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wantedChannels } from '../../../lambdas/protocol/handshake-query.ts';

/** Any sequence of UTF-16 units, halves of pairs included. */
const anyText = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));

describe('the channels of a handshake', () => {
  it('are none where none are asked for', () => {
    expect(wantedChannels({})).toEqual([]);
    expect(wantedChannels({ channels: undefined })).toEqual([]);
    expect(wantedChannels({ channels: '' })).toEqual([]);
  });

  it('are named one after the other, and empty names count for nothing', () => {
    expect(wantedChannels({ channels: ',general,,chat:news,' })).toEqual([{ name: 'general' }, { name: 'chat:news' }]);
  });

  it('may have a comma in their name, which is encoded once more', () => {
    expect(wantedChannels({ channels: 'dm#alice%2Cbob,general' })).toEqual([
      { name: 'dm#alice,bob' },
      { name: 'general' },
    ]);
  });

  it('may have a lone % in their name', () => {
    expect(wantedChannels({ channels: '100%,50%zz' })).toEqual([{ name: '100%' }, { name: '50%zz' }]);
  });

  it('may be called as what every object has', () => {
    expect(wantedChannels({ channels: '__proto__,constructor' })).toEqual([
      { name: '__proto__' },
      { name: 'constructor' },
    ]);
  });

  it('are recovered each from the position that is given for it', () => {
    const query = {
      channels: 'general,dm#alice%2Cbob,news',
      'since.general': 'epoch:41',
      'since.dm#alice,bob': 'e:0',
      'since.other': 'x:1',
    };
    expect(wantedChannels(query)).toEqual([
      { name: 'general', since: { epoch: 'epoch', offset: 41 } },
      { name: 'dm#alice,bob', since: { epoch: 'e', offset: 0 } },
      { name: 'news' },
    ]);
  });

  it('have their offset after the last colon of the position', () => {
    expect(wantedChannels({ channels: 'c', 'since.c': 'a:b:7' })).toEqual([
      { name: 'c', since: { epoch: 'a:b', offset: 7 } },
    ]);
  });

  it.each([
    ['e:0', { epoch: 'e', offset: 0 }],
    [':0', { epoch: '', offset: 0 }],
    ['e:007', { epoch: 'e', offset: 7 }],
    ['two\nlines:7', { epoch: 'two\nlines', offset: 7 }],
    ['e:9007199254740991', { epoch: 'e', offset: Number.MAX_SAFE_INTEGER }],
    ['e:9007199254740993', { epoch: 'e', offset: Number.MAX_SAFE_INTEGER }],
    [`e:${'9'.repeat(1_000)}`, { epoch: 'e', offset: Number.MAX_SAFE_INTEGER }],
  ])('are recovered from where any offset says, also one that no channel reaches: %j', (text, since) => {
    expect(wantedChannels({ channels: 'c', 'since.c': text })).toEqual([{ name: 'c', since }]);
  });

  it.each(['', '41', 'epoch', 'epoch:', ':', 'epoch:-1', 'epoch:1.5', 'epoch:1e3', 'epoch: 1', 'epoch:٤١'])(
    'are not recovered, and told so, where their since is no position: %j',
    (text) => {
      const since = { epoch: '', offset: Number.MAX_SAFE_INTEGER };
      expect(wantedChannels({ channels: 'c', 'since.c': text })).toEqual([{ name: 'c', since }]);
    },
  );

  it('are rewound all alike, but for those that have a position', () => {
    expect(wantedChannels({ channels: 'a,b', rewind: '20', 'since.b': 'e:1' })).toEqual([
      { name: 'a', rewind: 20 },
      { name: 'b', since: { epoch: 'e', offset: 1 } },
    ]);
    expect(wantedChannels({ channels: 'a', rewind: '0' })).toEqual([{ name: 'a', rewind: 0 }]);
    expect(wantedChannels({ channels: 'a', rewind: '9'.repeat(1_000) })).toEqual([
      { name: 'a', rewind: Number.MAX_SAFE_INTEGER },
    ]);
  });

  it.each(['', '-1', '1.5', '1e3', 'all', ' 5', '٤١'])('are not rewound where that is no number: %j', (rewind) => {
    expect(wantedChannels({ channels: 'c', rewind })).toEqual([{ name: 'c' }]);
  });

  it('are read from any text without a failure', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (channels, since, rewind) => {
        for (const wanted of wantedChannels({ channels, [`since.${channels}`]: since, rewind })) {
          expect(wanted.name).not.toBe('');
          if (wanted.since) expect(wanted.since.offset).toBeGreaterThanOrEqual(0);
          expect(Number.isSafeInteger(wanted.since?.offset ?? wanted.rewind ?? 0)).toBe(true);
        }
      }),
    );
  });

  it('come out as they were put in, whatever they are called', () => {
    const name = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab:#,$%41') });
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const channels = names.map((n) => encodeURIComponent(n)).join(',');
        expect(wantedChannels({ channels }).map((wanted) => wanted.name)).toEqual(names);
      }),
    );
  });
});
