import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../chat/ports.ts';

/** Time and chance as they are. */
export const world: World = {
  now: Date.now,
  sleep: async (ms) => void (await sleep(ms)),
  random: Math.random,
  id: () => randomBytes(16).toString('base64url'),
};
