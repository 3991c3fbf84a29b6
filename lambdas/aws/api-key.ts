import { createHmac } from 'node:crypto';

/**
 * The key of the server API that goes with a signing key, where the secret names none: Secrets Manager generates one
 * value only, and nobody who has this one learns the other.
 */
export const derivedApiKey = (signingKey: string): string =>
  createHmac('sha256', signingKey).update('Parley server API key').digest('base64url');
