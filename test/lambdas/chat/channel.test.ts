import { describe, expect, it } from 'vitest';
import { channelNamed, optionsOf } from '../../../lambdas/chat/channel.ts';
import type { Namespaces } from '../../../lambdas/chat/namespace.ts';

const namespaces: Namespaces = { '': { presence: true }, chat: { joinLeave: true }, 'a.b-c_d': {} };

const refusal = (name: string, among: Namespaces = namespaces) => {
  try {
    return channelNamed(among, name);
  } catch (error) {
    return error;
  }
};

describe('the name of a channel', () => {
  it.each([
    ['general', ''],
    ['chat:general', 'chat'],
    ['chat:a:b', 'chat'],
    [':general', ''],
    ['a.b-c_d:x', 'a.b-c_d'],
    ['$general', ''],
    ['$chat:general', 'chat'],
    ['$:general', ''],
    ['__proto__', ''],
    ['constructor', ''],
    ['!"%\'()+,-.;<=>?@[\\]^_`{|}~', ''],
  ])('%j is of the namespace %j', (name, namespace) => {
    const channel = channelNamed(namespaces, name);
    expect(channel).toMatchObject({ name, options: namespaces[namespace] });
    expect(optionsOf(namespaces, name)).toBe(namespaces[namespace]);
  });

  it('has up to 255 characters', () => {
    expect(channelNamed(namespaces, 'x'.repeat(255)).name).toHaveLength(255);
    expect(refusal('x'.repeat(256))).toMatchObject({
      code: 'bad_request',
      message: 'channel: at most 255 characters',
    });
  });

  it.each(['', ' ', 'two words', 'tab\t', 'line\nbreak', 'nul\u0000', 'del\u007f', 'caf\u00e9', '\u{1F600}', '\uD800'])(
    'is refused with other characters than printable ASCII: %j',
    (name) => {
      expect(refusal(name)).toMatchObject({
        code: 'bad_request',
        message: 'channel: printable ASCII without spaces',
      });
    },
  );

  it.each(['a*', 'a/b', 'a&b', '*'])('is refused with a reserved character: %s', (name) => {
    expect(refusal(name)).toMatchObject({ code: 'bad_request', message: 'channel: "*", "/" and "&" are reserved' });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'Chat', 'chats'])(
    'is refused with a namespace that is not configured: %s',
    (namespace) => {
      expect(refusal(`${namespace}:x`)).toMatchObject({
        code: 'unknown_channel',
        message: `channel: no namespace "${namespace}"`,
      });
      expect(refusal(`$${namespace}:x`)).toMatchObject({ code: 'unknown_channel' });
    },
  );

  it('is refused without a namespace where there is no unnamed one', () => {
    expect(refusal('general', { chat: {} })).toMatchObject({ code: 'unknown_channel' });
  });

  it('says whether it needs a token of its own', () => {
    expect(channelNamed(namespaces, '$secret').needsToken).toBe(true);
    expect(channelNamed(namespaces, 'not$secret').needsToken).toBe(false);
  });

  it('lists its users after the last #', () => {
    expect(channelNamed(namespaces, 'dm#alice,bob').users).toEqual(['alice', 'bob']);
    expect(channelNamed(namespaces, 'a#b#carol').users).toEqual(['carol']);
    expect(channelNamed(namespaces, 'dm#').users).toEqual(['']);
    expect(channelNamed(namespaces, 'general')).not.toHaveProperty('users');
  });
});

describe('the options of a channel whose event is handled', () => {
  it('are none where its namespace has since been taken out', () => {
    expect(optionsOf(namespaces, 'former:x')).toEqual({});
    expect(optionsOf({}, 'general')).toEqual({});
    expect(optionsOf(namespaces, '__proto__:x')).toEqual({});
  });
});
