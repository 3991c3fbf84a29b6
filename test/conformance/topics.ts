import { badCommands } from './bad-commands.ts';
import { badDocuments } from './bad-documents.ts';
import { batching } from './batching.ts';
import { disconnects } from './disconnects.ts';
import { history } from './history.ts';
import { limits } from './limits.ts';
import { permissions } from './permissions.ts';
import { positions } from './positions.ts';
import { presence } from './presence.ts';
import { publishing } from './publishing.ts';
import { recovery } from './recovery.ts';
import { serverSide } from './server-side.ts';
import { subscriptionTokens } from './subscription-tokens.ts';
import type { Topics } from './suite.ts';
import { tokens } from './tokens.ts';

/** All scenarios that a host of its own is not needed for. */
export const TOPICS: Topics = {
  'a publish': publishing,
  'what was missed': recovery,
  'a position': positions,
  'the history': history,
  presence,
  'a token': tokens,
  'a subscription token': subscriptionTokens,
  'what is allowed': permissions,
  'a frame': batching,
  'server-side subscriptions': serverSide,
  'a disconnect': disconnects,
  'a bound': limits,
  'a bad document': badDocuments,
  'a bad command': badCommands,
};
