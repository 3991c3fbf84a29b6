import { randomBytes } from 'node:crypto';

/** Credentials as Lambda puts them into a function's environment: temporary ones, with a session token. */
export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Whose they are. */
  readonly functionArn: string;
}

/** Who may sign calls. In memory only: credentials end with the server that issued them. */
export interface CredentialRegistry {
  /** New credentials for a function; earlier ones of the same function stay valid. */
  issueCredentials(functionArn: string): IssuedCredentials;
  /** Undefined for a key id that was never issued here. */
  find(accessKeyId: string): IssuedCredentials | undefined;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `random` answers that many bytes, which must not be guessable. */
export function createCredentialRegistry(random: (bytes: number) => Uint8Array = randomBytes): CredentialRegistry {
  const issued = new Map<string, IssuedCredentials>();
  const base64 = (bytes: number) => Buffer.from(random(bytes)).toString('base64');
  return {
    issueCredentials(functionArn) {
      const credentials: IssuedCredentials = {
        // ASIA is how the ids of temporary credentials begin
        accessKeyId: `ASIA${Array.from(random(16), (byte) => BASE32[byte % 32]).join('')}`,
        secretAccessKey: base64(30),
        sessionToken: base64(96),
        functionArn,
      };
      issued.set(credentials.accessKeyId, credentials);
      return credentials;
    },
    find: (accessKeyId) => issued.get(accessKeyId),
  };
}
