import { createHash, timingSafeEqual } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { derivedApiKey } from './api-key.ts';
import { tellingFaults } from './faults.ts';

/** How long the secret is known without being read again, in ms. */
const GOOD_FOR_MS = 5 * 60_000;
/** How often it is read because a key does not fit, in ms. */
const DOUBTS_EVERY_MS = 30_000;
/** HS256 needs a key of at least its hash's size (RFC 7518, 3.2). */
const SHORTEST_KEY = 32;

/** The stack's own keys. */
interface StackKeys {
  /** Signs the stack's own tokens. */
  readonly signingKey: Uint8Array;
  /** Opens the server API. */
  readonly apiKey: string;
}

/** The stack's secret. Both throw `Unavailable` where it cannot be read. */
export interface StackSecret {
  /** The keys, up to 5 minutes old. */
  keys(): Promise<StackKeys>;
  /** The keys read again, for what does not fit; undefined where they were read less than 30 s ago. */
  rotatedKeys(): Promise<StackKeys | undefined>;
}

/** Whether what a caller gives is the key of the server API, in a time that tells nothing of it. May throw `Unavailable`. */
export async function apiKeyFits(secret: StackSecret, given: string): Promise<boolean> {
  if (isSame((await secret.keys()).apiKey, given)) return true;
  const rotated = await secret.rotatedKeys();
  return rotated !== undefined && isSame(rotated.apiKey, given);
}

/** Reads the stack's secret, JSON `{ "signingKey": "…", "apiKey"?: "…" }`. The keys may be rotated at any time. */
export function stackSecret(client: SecretsManagerClient, SecretId: string, now: () => number = Date.now): StackSecret {
  let known: { readonly keys: StackKeys; readonly until: number } | undefined;
  let reading: Promise<StackKeys> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  async function fetchKeys(): Promise<StackKeys> {
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
      const keys = keysOf(SecretString);
      known = { keys, until: now() + GOOD_FOR_MS };
      return keys;
    } finally {
      reading = undefined;
    }
  }

  function read(): Promise<StackKeys> {
    readAt = now();
    reading ??= fetchKeys();
    return reading;
  }

  return tellingFaults<StackSecret>({
    async keys() {
      return known !== undefined && now() < known.until ? known.keys : read();
    },
    async rotatedKeys() {
      return now() - readAt < DOUBTS_EVERY_MS ? undefined : read();
    },
  });
}

function keysOf(secret: string | undefined): StackKeys {
  const { signingKey, apiKey } = fieldsOf(secret ?? '{}');
  if (typeof signingKey !== 'string' || signingKey.length < SHORTEST_KEY) {
    throw new Error(`the stack's secret has no "signingKey" of at least ${SHORTEST_KEY} characters`);
  }
  if (apiKey !== undefined && (typeof apiKey !== 'string' || apiKey === '')) {
    throw new Error('the "apiKey" of the stack\'s secret is no text, or an empty one');
  }
  return { signingKey: new TextEncoder().encode(signingKey), apiKey: apiKey ?? derivedApiKey(signingKey) };
}

/** What is no JSON is not quoted, as the error of `JSON.parse` would: it may well be a key, and errors are logged. */
function fieldsOf(secret: string): { readonly signingKey?: unknown; readonly apiKey?: unknown } {
  try {
    return JSON.parse(secret) ?? {};
  } catch {
    throw new Error('the stack\'s secret is no JSON: it must be { "signingKey": "…", "apiKey"?: "…" }');
  }
}

/** Hashes have one length, which the comparison needs. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
