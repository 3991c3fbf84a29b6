import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { generatePassword } from '../secrets/password.ts';
import { StartError } from '../start-error.ts';
import { REGION } from '../template/names.ts';
import { keptFile, privateDirectory } from './kept-file.ts';

/** Where this checkout's keys are: git-ignored, and the owner's alone. */
export const KEYS_DIRECTORY = join(import.meta.dirname, '../../.parley');

/** The stack's own key where it is made before the stack has said how; as `lib/signing-secret.ts` declares it. */
const SIGNING_KEY = { PasswordLength: 64, ExcludePunctuation: true };

/** The keys and names that the local server and its tokens have in common, the same at each start. */
export interface Keys {
  readonly directory: string;
  /** Of the user pool that the local issuer plays. */
  readonly userPool: { readonly id: string; readonly clientId: string };
  /** The `iss` of its tokens: as on AWS, so that tokens do not depend on ports. */
  readonly issuer: string;
  /** The issuer's RSA key with its private part, for RS256. */
  readonly issuerKey: JWK & { readonly kid: string; readonly alg: string };
  /** The stack's own key, for HS256: its UTF-8 bytes are the key. */
  readonly signingKey: string;
  /** A generated value of a secret, by the name of its key; made when it is asked for the first time. */
  generated(name: string, make: () => string): Promise<string>;
}

/**
 * Reads the keys in a directory, and makes what is missing; also when several processes do so at once.
 * Throws a StartError where a file in it is not what was written there.
 */
export async function openKeys(directory: string): Promise<Keys> {
  await privateDirectory(directory);
  const generated = (name: string, make: () => string) =>
    keptFile(join(directory, `secret-${encodeURIComponent(name)}`), make);
  const [userPool, issuerKey, signingKey] = await Promise.all([
    keptJson<Keys['userPool']>(join(directory, 'user-pool.json'), newUserPool, ['id', 'clientId']),
    keptJson<Keys['issuerKey']>(join(directory, 'issuer-key.json'), newIssuerKey, ['kid', 'alg', 'n', 'd']),
    generated('signingKey', () => generatePassword(SIGNING_KEY)),
  ]);
  const issuer = `https://cognito-idp.${REGION}.amazonaws.com/${userPool.id}`;
  return { directory, userPool, issuer, issuerKey, signingKey, generated };
}

/** A pool's id and its client's, as Cognito makes them. */
function newUserPool(): Keys['userPool'] {
  const name = (length: number, rest: object) =>
    generatePassword({ PasswordLength: length, ExcludePunctuation: true, ...rest });
  return { id: `${REGION}_${name(9, {})}`, clientId: name(26, { ExcludeUppercase: true }) };
}

async function newIssuerKey(): Promise<Keys['issuerKey']> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: randomBytes(32).toString('base64url'), alg: 'RS256', use: 'sig' };
}

async function keptJson<T extends object>(
  path: string,
  make: () => T | Promise<T>,
  fields: readonly string[],
): Promise<T> {
  const text = await keptFile(path, async () => JSON.stringify(await make()));
  const document = parsed(text);
  if (fields.every((field) => typeof document[field] === 'string')) return document as T;
  throw new StartError(`${path} is not what was written there: delete it, and a new one is made.`);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
