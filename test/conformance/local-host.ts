import { fileURLToPath } from 'node:url';
import { apiKeyOf } from '../../local/identity/api-key.ts';
import type { TestParley } from '../support/parley.ts';
import type { Host } from './host.ts';

/** The app that the local stacks are made of. */
export const APP = fileURLToPath(new URL('app.ts', import.meta.url));

/** What is known of a local stack before it runs. */
export const LOCAL = { name: 'local', isConformanceApp: true } as const;

/** A local stack that runs. */
export const localHost = ({ address, served, keys }: TestParley): Host => ({
  ...LOCAL,
  webSocketUrl: address,
  apiUrl: String(served.introduction.apiUrl),
  signingKey: keys.signingKey,
  apiKey: apiKeyOf(keys),
});
