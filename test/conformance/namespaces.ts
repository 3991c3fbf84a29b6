import type { Namespaces } from '../../lambdas/chat/namespace.ts';

const chat = {
  presence: true,
  joinLeave: true,
  allowSubscribeForClient: true,
  allowPublishForSubscriber: true,
  allowHistoryForSubscriber: true,
  allowPresenceForSubscriber: true,
};

/** What the scenarios find in a stack that is made for them; the unnamed namespace is that of bin/parley.ts. Times in seconds. */
export const NAMESPACES = {
  '': { ...chat, historySize: 1000, historyTtl: 24 * 3600, forceRecovery: true },
  /** Forgets at once. */
  small: { ...chat, historySize: 5, historyTtl: 3600, forceRecovery: true },
  /** Is recovered by who asks for it. */
  asked: { ...chat, historySize: 100, historyTtl: 3600 },
  /** Keeps nothing, not even who is there; everybody may do everything. */
  live: { allowSubscribeForClient: true, allowPublishForClient: true },
  /** Can be read, and no more. */
  notices: { historySize: 100, historyTtl: 3600, presence: true, allowSubscribeForClient: true },
  /** Allows nothing but what a token says. */
  closed: { historySize: 100, historyTtl: 3600, presence: true },
  /** Open to the users that a channel's name lists. */
  dm: { historySize: 100, historyTtl: 3600, allowUserLimitedChannels: true, allowPublishForSubscriber: true },
} satisfies Namespaces;
