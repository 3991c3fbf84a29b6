import type { SweepParts } from '../chat/sweep.ts';
import { formats } from './formats.ts';
import { logger, metrics } from './observability.ts';
import { posts } from './posts.ts';
import { channelQueue, laterQueue } from './queues.ts';
import { limits } from './settings.ts';
import { connectionIndex, connections } from './tables.ts';
import { world } from './world.ts';

/** What visits connections: `sweep`, and `later`, which goes on with what is more than the sweep can do. */
export const visits = (): SweepParts => ({
  connections: connections(),
  index: connectionIndex(),
  queue: channelQueue(),
  later: laterQueue(),
  posts: posts(),
  formats,
  limits: limits(),
  world,
  logger,
  metrics,
});
