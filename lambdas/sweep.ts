import type { Context } from 'aws-lambda';
import { minutesDue, sweep } from './chat/sweep.ts';
import { numberSetting } from './runtime/settings.ts';
import { visits } from './runtime/visits.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';

const chat = visits();

const interval = numberSetting('PING_INTERVAL');

/** What is not done so long before the function is ended is handed on. */
const STOPS_BEFORE_MS = 10_000;

/** Once a minute: visits the connections that are due, to keep them, to end the expired and to find the vanished. */
export const handler = serving(async (_event: unknown, context: Context) => {
  const now = world.now();
  const until = now + context.getRemainingTimeInMillis() - STOPS_BEFORE_MS;
  await sweep(chat, { minutes: minutesDue(now, interval) }, until);
});
