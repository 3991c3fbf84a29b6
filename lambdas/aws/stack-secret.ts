import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { tellingFaults } from './faults.ts';

/** How long the secret is known without being read again, in ms. */
const GOOD_FOR_MS = 5 * 60_000;
/** How often it is read because a signature does not fit, in ms. */
const DOUBTS_EVERY_MS = 30_000;
/** HS256 needs a key of at least its hash's size (RFC 7518, 3.2). */
const SHORTEST_KEY = 32;

/** The key of the stack's own tokens. Both throw `Unavailable` where the secret cannot be read. */
export interface StackSecret {
  /** The key, up to 5 minutes old. */
  signingKey(): Promise<Uint8Array>;
  /** The key read again, for a signature that does not fit; undefined where it was read less than 30 s ago. */
  rotatedSigningKey(): Promise<Uint8Array | undefined>;
}

/** Reads the stack's secret, JSON `{ "signingKey": "…" }`. The key may be rotated at any time. */
export function stackSecret(client: SecretsManagerClient, SecretId: string, now: () => number = Date.now): StackSecret {
  let known: { readonly key: Uint8Array; readonly until: number } | undefined;
  let reading: Promise<Uint8Array> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  async function fetchKey(): Promise<Uint8Array> {
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
      const key = keyOf(SecretString);
      known = { key, until: now() + GOOD_FOR_MS };
      return key;
    } finally {
      reading = undefined;
    }
  }

  function read(): Promise<Uint8Array> {
    readAt = now();
    reading ??= fetchKey();
    return reading;
  }

  return tellingFaults<StackSecret>({
    async signingKey() {
      return known !== undefined && now() < known.until ? known.key : read();
    },
    async rotatedSigningKey() {
      return now() - readAt < DOUBTS_EVERY_MS ? undefined : read();
    },
  });
}

function keyOf(secret: string | undefined): Uint8Array {
  const { signingKey } = JSON.parse(secret ?? '{}') as { signingKey?: unknown };
  if (typeof signingKey !== 'string' || signingKey.length < SHORTEST_KEY) {
    throw new Error(`the stack's secret has no "signingKey" of at least ${SHORTEST_KEY} characters`);
  }
  return new TextEncoder().encode(signingKey);
}
