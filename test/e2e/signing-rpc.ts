import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

/** What an `rpc` of this function asks for: a call of another API, with a signature or without. */
interface Asked {
  readonly url: string;
  readonly body: unknown;
  /** `own`: by the credentials of this function; `another`: by a key that does not go with them. */
  readonly signed: 'own' | 'another' | 'not';
}

/** A function of the owner's, as any other of the account: calls an API by IAM, and answers with what that said. */
export async function handler({ data: { url, body, signed } }: { readonly data: Asked }) {
  const { hostname, port, pathname, protocol } = new URL(url);
  const request = new HttpRequest({
    protocol,
    hostname,
    port: Number(port),
    path: pathname,
    method: 'POST',
    headers: { host: `${hostname}:${port}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = process.env;
  const signer = new SignatureV4({
    service: 'execute-api',
    region: String(AWS_REGION),
    sha256: Sha256,
    credentials: {
      accessKeyId: String(AWS_ACCESS_KEY_ID),
      secretAccessKey: signed === 'own' ? String(AWS_SECRET_ACCESS_KEY) : 'another',
      ...(AWS_SESSION_TOKEN !== undefined && { sessionToken: AWS_SESSION_TOKEN }),
    },
  });
  const { headers } = signed === 'not' ? request : await signer.sign(request);
  const response = await fetch(url, { method: 'POST', headers, body: request.body });
  return { data: { status: response.status, body: await response.json() } };
}
