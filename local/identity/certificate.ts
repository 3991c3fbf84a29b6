import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { keptFile } from './kept-file.ts';

/** Files in PEM; the certificate is its own authority, so clients trust it as that (`NODE_EXTRA_CA_CERTS`). */
export interface Certificate {
  readonly keyFile: string;
  readonly certificateFile: string;
}

/**
 * A certificate for `localhost` and 127.0.0.1 in the keys' directory.
 *
 * Each year has its own, good until the year after has ended: what a running server shows is never replaced under it,
 * and never near its end. `now` is in ms since 1970.
 */
export async function openCertificate(directory: string, now: number): Promise<Certificate> {
  const year = new Date(now).getUTCFullYear();
  const keyFile = join(directory, 'tls-key.pem');
  const certificateFile = join(directory, `tls-certificate-${year}.pem`);
  const key = await keptFile(keyFile, newKey);
  await keptFile(certificateFile, () => newCertificate(key, year));
  return { keyFile, certificateFile };
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function newCertificate(key: string, year: number): Promise<string> {
  // it takes long to load, and is needed once a year
  const { generate } = await import('selfsigned');
  const { cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    keyPair: { privateKey: key, publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString() },
    // a day earlier, for a clock that is behind
    notBeforeDate: new Date(Date.UTC(year, 0, 0)),
    notAfterDate: new Date(Date.UTC(year + 2, 0, 1)),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return cert;
}
