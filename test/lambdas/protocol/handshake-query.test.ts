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
    ['', { epoch: '', offset: 0 }],
    ['41', { epoch: '', offset: 41 }],
    ['epoch:', { epoch: 'epoch', offset: 0 }],
    ['epoch:-1', { epoch: 'epoch', offset: 0 }],
    ['epoch:1.5', { epoch: 'epoch', offset: 0 }],
    ['epoch:1e3', { epoch: 'epoch', offset: 0 }],
    ['epoch:12345678901234567', { epoch: 'epoch', offset: 0 }],
    ['epoch:٤١', { epoch: 'epoch', offset: 0 }],
  ])('are asked for with a since even where it is no position: %j', (text, since) => {
    expect(wantedChannels({ channels: 'c', 'since.c': text })).toEqual([{ name: 'c', since }]);
  });

  it('are read from any text without a failure', () => {
    fc.assert(
      fc.property(anyText, anyText, (channels, since) => {
        for (const wanted of wantedChannels({ channels, [`since.${channels}`]: since })) {
          expect(wanted.name).not.toBe('');
          if (wanted.since) expect(wanted.since.offset).toBeGreaterThanOrEqual(0);
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
