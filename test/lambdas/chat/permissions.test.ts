import { describe, expect, it } from 'vitest';
import { channelNamed } from '../../../lambdas/chat/channel.ts';
import type { NamespaceOptions } from '../../../lambdas/chat/namespace.ts';
import {
  checkHistory,
  checkPresence,
  checkPublish,
  checkSubscribe,
  isExpired,
  mayKnowPresence,
} from '../../../lambdas/chat/permissions.ts';
import type { Capability, Identity } from '../../../lambdas/chat/ports.ts';

const alice: Identity = { user: 'alice' };
const withCaps = (...caps: Capability[]): Identity => ({ user: 'alice', caps });
const channel = (name: string, options: NamespaceOptions = {}) => channelNamed({ '': options, ns: options }, name);

const outcome = (check: () => void): string => {
  try {
    check();
    return 'allowed';
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
};
const subscribing = (name: string, identity: Identity, options?: NamespaceOptions) =>
  outcome(() => checkSubscribe(channel(name, options), identity));
const publishing = (name: string, identity: Identity, options?: NamespaceOptions, subscribed = false) =>
  outcome(() => checkPublish(channel(name, options), identity, subscribed));

describe('subscribing', () => {
  it('is refused where nothing allows it, and the channel is named', () => {
    expect(subscribing('general', alice)).toBe('permission_denied: general: subscribing is not allowed');
    expect(subscribing('general', alice, { allowPublishForClient: true, allowSubscribeForClient: false })).toContain(
      'permission_denied',
    );
  });

  it('is allowed by the namespace', () => {
    expect(subscribing('general', alice, { allowSubscribeForClient: true })).toBe('allowed');
    expect(subscribing('general', { user: '' }, { allowSubscribeForClient: true })).toBe('allowed');
  });

  it.each<[Capability, string, boolean]>([
    [{ channels: ['general'], allow: ['sub'] }, 'general', true],
    [{ channels: ['general'], allow: ['sub'] }, 'general2', false],
    [{ channels: ['ns:*'], allow: ['sub'] }, 'ns:x', false],
    [{ channels: ['other', 'general'], allow: ['pub', 'sub'] }, 'general', true],
    [{ channels: ['general'], allow: ['pub', 'hst', 'prs'] }, 'general', false],
    [{ channels: [], allow: ['sub'] }, 'general', false],
    [{ channels: ['*'], match: 'wildcard', allow: ['sub'] }, 'ns:x', true],
    [{ channels: ['ns:*'], match: 'wildcard', allow: ['sub'] }, 'ns:x', true],
    [{ channels: ['ns:*'], match: 'wildcard', allow: ['sub'] }, 'xns:x', false],
    [{ channels: ['ns:*-*'], match: 'wildcard', allow: ['sub'] }, 'ns:a-b', true],
    [{ channels: ['ns:*-*'], match: 'wildcard', allow: ['sub'] }, 'ns:ab', false],
    [{ channels: ['g.n'], match: 'wildcard', allow: ['sub'] }, 'gen', false],
    [{ channels: ['(a|b)'], match: 'wildcard', allow: ['sub'] }, 'a', false],
    [{ channels: ['^gen(eral)?$'], match: 'regex', allow: ['sub'] }, 'gen', true],
    [{ channels: ['^gen(eral)?$'], match: 'regex', allow: ['sub'] }, 'generally', false],
  ])('by the capability %j of %s is allowed: %s', (cap, name, isAllowed) => {
    expect(subscribing(name, withCaps(cap)) === 'allowed').toBe(isAllowed);
  });

  it('is allowed by any one of several capabilities', () => {
    const caps: Capability[] = [
      { channels: ['a'], allow: ['sub'] },
      { channels: ['b'], allow: ['sub'] },
    ];
    expect(subscribing('b', withCaps(...caps))).toBe('allowed');
    expect(subscribing('c', withCaps(...caps))).toContain('permission_denied');
  });

  it('needs a subscription token where the name begins with $, whatever else allows it', () => {
    const caps = withCaps({ channels: ['*'], match: 'wildcard', allow: ['sub'] });
    expect(subscribing('$secret', caps, { allowSubscribeForClient: true })).toBe(
      'permission_denied: $secret: subscribing needs a subscription token',
    );
  });

  it('of a channel that lists its users is for them alone, whatever else allows it', () => {
    const options = { allowUserLimitedChannels: true, allowSubscribeForClient: true };
    const everything: Capability = { channels: ['*'], match: 'wildcard', allow: ['sub'] };
    expect(subscribing('dm#alice,bob', alice, options)).toBe('allowed');
    expect(subscribing('dm#alice,bob', alice, { allowUserLimitedChannels: true })).toBe('allowed');
    expect(subscribing('dm#carol,bob', withCaps(everything), options)).toBe(
      'permission_denied: dm#carol,bob: the channel is limited to other users',
    );
    expect(subscribing('dm#alice2', alice, options)).toContain('permission_denied');
  });

  it('of a channel that lists its users is refused where the namespace does not have such channels', () => {
    const caps = withCaps({ channels: ['*'], match: 'wildcard', allow: ['sub'] });
    expect(subscribing('dm#alice', caps, { allowSubscribeForClient: true })).toContain('permission_denied');
  });

  it('of a channel that lists its users is never for somebody without a name', () => {
    const options = { allowUserLimitedChannels: true, allowSubscribeForClient: true };
    expect(subscribing('dm#', { user: '' }, options)).toContain('permission_denied');
    expect(subscribing('dm#alice,,bob', { user: '' }, options)).toContain('permission_denied');
  });
});

describe('publishing', () => {
  it('is refused where nothing allows it, and the channel is named', () => {
    expect(publishing('general', alice)).toBe('permission_denied: general: publishing is not allowed');
    expect(publishing('general', alice, { allowSubscribeForClient: true }, true)).toContain('permission_denied');
  });

  it('is allowed by the namespace to everybody, or to those who read the channel', () => {
    expect(publishing('general', alice, { allowPublishForClient: true })).toBe('allowed');
    expect(publishing('general', alice, { allowPublishForSubscriber: true }, true)).toBe('allowed');
    expect(publishing('general', alice, { allowPublishForSubscriber: true }, false)).toContain('permission_denied');
  });

  it('is allowed by a capability to publish, and by no other', () => {
    expect(publishing('general', withCaps({ channels: ['general'], allow: ['pub'] }))).toBe('allowed');
    expect(publishing('general', withCaps({ channels: ['general'], allow: ['sub', 'hst', 'prs'] }))).toContain(
      'permission_denied',
    );
  });

  it('to a channel that lists its users is for them alone, and needs an allowance as well', () => {
    const options = { allowUserLimitedChannels: true, allowPublishForClient: true };
    expect(publishing('dm#alice', alice, options)).toBe('allowed');
    expect(publishing('dm#bob', alice, options)).toContain('limited to other users');
    expect(publishing('dm#alice', alice, { allowUserLimitedChannels: true })).toContain('publishing is not allowed');
  });
});

describe.each([
  {
    what: 'reading the history',
    check: checkHistory,
    has: { historySize: 10, historyTtl: 60 },
    forClient: { allowHistoryForClient: true },
    forSubscriber: { allowHistoryForSubscriber: true },
    others: { allowPresenceForClient: true, allowPresenceForSubscriber: true },
    allowance: 'hst',
    missing: 'not_available: general: its namespace has no history',
    refused: 'permission_denied: general: reading its history is not allowed',
  },
  {
    what: 'asking for the presence',
    check: checkPresence,
    has: { presence: true },
    forClient: { allowPresenceForClient: true },
    forSubscriber: { allowPresenceForSubscriber: true },
    others: { allowHistoryForClient: true, allowHistoryForSubscriber: true },
    allowance: 'prs',
    missing: 'not_available: general: its namespace has no presence',
    refused: 'permission_denied: general: asking for its presence is not allowed',
  },
] as const)('$what', ({ check, has, forClient, forSubscriber, others, allowance, missing, refused }) => {
  const asking = (options: NamespaceOptions, { identity = alice, subscribed = false, name = 'general' } = {}) =>
    outcome(() => check(channel(name, options), identity, subscribed));
  const able = withCaps({ channels: ['*'], match: 'wildcard', allow: [allowance] });

  it('is not available where the namespace has none, whoever asks', () => {
    expect(asking({ ...forClient })).toBe(missing);
    expect(asking({}, { identity: able, subscribed: true })).toBe(missing);
  });

  it('is refused where nothing allows it, and the channel is named', () => {
    expect(asking({ ...has, ...others }, { subscribed: true })).toBe(refused);
  });

  it('is allowed by the namespace to everybody, or to those who read the channel', () => {
    expect(asking({ ...has, ...forClient })).toBe('allowed');
    expect(asking({ ...has, ...forClient }, { identity: { user: '' } })).toBe('allowed');
    expect(asking({ ...has, ...forSubscriber }, { subscribed: true })).toBe('allowed');
    expect(asking({ ...has, ...forSubscriber })).toBe(refused);
  });

  it('is allowed by its own capability, and by no other', () => {
    expect(asking({ ...has }, { identity: able })).toBe('allowed');
    const rest = (['sub', 'pub', 'hst', 'prs'] as const).filter((one) => one !== allowance);
    expect(asking({ ...has }, { identity: withCaps({ channels: ['general'], allow: rest }) })).toBe(refused);
  });

  it('of a channel that lists its users is for them alone, before any other rule', () => {
    const options = { ...has, ...forClient, allowUserLimitedChannels: true };
    expect(asking(options, { name: 'dm#alice' })).toBe('allowed');
    expect(asking(options, { name: 'dm#bob', identity: able })).toContain('limited to other users');
    expect(asking({ allowUserLimitedChannels: true }, { name: 'dm#bob' })).toContain('limited to other users');
    expect(asking({ ...has, ...forClient }, { name: 'dm#alice' })).toContain('permission_denied');
  });
});

describe('who may know the presence of a channel', () => {
  it('is who may ask for it', () => {
    const knows = (options: NamespaceOptions, identity: Identity, subscribed: boolean) =>
      mayKnowPresence(channel('general', options), identity, subscribed);
    expect(knows({ allowPresenceForClient: true }, alice, false)).toBe(true);
    expect(knows({ allowPresenceForSubscriber: true }, alice, true)).toBe(true);
    expect(knows({ allowPresenceForSubscriber: true }, alice, false)).toBe(false);
    expect(knows({}, withCaps({ channels: ['general'], allow: ['prs'] }), false)).toBe(true);
    expect(knows({}, alice, true)).toBe(false);
  });
});

describe('what has a time', () => {
  it('is over at its second, and not before; without an end, never', () => {
    expect(isExpired({ expires: 10 }, 9_999)).toBe(false);
    expect(isExpired({ expires: 10 }, 10_000)).toBe(true);
    expect(isExpired({ expires: 0 }, 0)).toBe(true);
    expect(isExpired({}, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});
