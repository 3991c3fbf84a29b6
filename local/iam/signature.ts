import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AccessFailure } from './access-failure.ts';
import { canonicalRequest, type SignedRequest, sha256Hex } from './canonical-request.ts';
import type { CredentialRegistry, IssuedCredentials } from './credentials.ts';

/** What a signature proves, or why it proves nothing. */
export type Verification =
  | {
      readonly ok: true;
      readonly credentials: IssuedCredentials;
      /** As in the credential scope: `sqs`, `dynamodb`, `secretsmanager`, `execute-api`. */
      readonly service: string;
    }
  | { readonly ok: false; readonly failure: AccessFailure };

/** What a signature is checked against. */
export interface VerificationOptions {
  readonly credentials: Pick<CredentialRegistry, 'find'>;
  /** ms since 1970: a signature is good for 15 minutes around its date. */
  readonly now: number;
  readonly region: string;
  /** Refuses signatures for another service; left out where one address serves several. */
  readonly service?: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SKEW_MS = 15 * 60_000;

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Checks a request that carries Signature Version 4 in its headers (presigned addresses are not served).
 *
 * The body counts as it came: a body that was changed, or whose `x-amz-content-sha256` is another's, is a mismatch.
 */
export function verifySignature(request: SignedRequest, options: VerificationOptions): Verification {
  const header = request.headers.authorization;
  if (header === undefined) return refuse('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const authorization = readAuthorization(header);
  const date = request.headers['x-amz-date'];
  const missing = [
    ...(authorization.Credential ? [] : ["Authorization header requires 'Credential' parameter."]),
    ...(authorization.Signature ? [] : ["Authorization header requires 'Signature' parameter."]),
    ...(authorization.SignedHeaders ? [] : ["Authorization header requires 'SignedHeaders' parameter."]),
    ...(typeof date === 'string' && /^\d{8}T\d{6}Z$/.test(date)
      ? []
      : ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."]),
  ];
  const { Credential: credential, Signature: signature, SignedHeaders: names } = authorization;
  if (!credential || !signature || !names || typeof date !== 'string' || missing.length > 0) {
    return refuse('IncompleteSignatureException', missing.join(' '));
  }

  const [accessKeyId = '', day = '', region = '', service = '', terminator = ''] = credential.split('/');
  const found = options.credentials.find(accessKeyId);
  if (!found || request.headers['x-amz-security-token'] !== found.sessionToken) {
    return refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const scopeFault = faultOfScope({ day, region, service, terminator }, date, options);
  if (scopeFault) return refuse('InvalidSignatureException', scopeFault);
  const dateFault = faultOfDate(date, options.now);
  if (dateFault) return refuse('InvalidSignatureException', dateFault);

  const signedHeaders = names.split(';');
  if (!signedHeaders.includes('host')) {
    const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    return refuse('InvalidSignatureException', message);
  }
  const claimedHash = request.headers['x-amz-content-sha256'];
  if (claimedHash !== undefined && claimedHash !== sha256Hex(request.body)) {
    return refuse('InvalidSignatureException', MISMATCH);
  }
  const canonical = canonicalRequest(request, signedHeaders, service);
  const scope = `${day}/${region}/${service}/${terminator}`;
  const toSign = `${ALGORITHM}\n${date}\n${scope}\n${sha256Hex(canonical)}`;
  if (!isSame(signature, sign(found.secretAccessKey, [day, region, service, terminator], toSign))) {
    // as AWS does, so that one sees where the two sides differ
    const shown = `The Canonical String for this request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`;
    return refuse('InvalidSignatureException', `${MISMATCH}\n\n${shown}`);
  }
  return { ok: true, credentials: found, service };
}

function refuse(code: AccessFailure['code'], message: string): Verification {
  return { ok: false, failure: { code, message } };
}

function readAuthorization(header: string): Partial<Record<string, string>> {
  if (!header.startsWith(`${ALGORITHM} `)) return {};
  const parameters = header.slice(ALGORITHM.length + 1).split(',');
  return Object.fromEntries(
    parameters.map((parameter) => {
      const [name = '', value = ''] = parameter.trim().split('=', 2);
      return [name, value];
    }),
  );
}

function faultOfScope(
  scope: { day: string; region: string; service: string; terminator: string },
  date: string,
  options: VerificationOptions,
): string | undefined {
  if (scope.terminator !== 'aws4_request') {
    return `Credential should be scoped with a valid terminator: 'aws4_request', not '${scope.terminator}'.`;
  }
  if (scope.region !== options.region) {
    return `Credential should be scoped to a valid region, not '${scope.region}'.`;
  }
  if (options.service !== undefined && scope.service !== options.service) {
    return `Credential should be scoped to correct service: '${options.service}'.`;
  }
  if (!date.startsWith(scope.day)) {
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.day}' != '${date.slice(0, 8)}', from '${date}'.`;
  }
  return undefined;
}

function faultOfDate(date: string, now: number): string | undefined {
  const signedAt = Date.parse(
    date.replace(
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
      (_, y, m, d, h, i, s) => `${y}-${m}-${d}T${h}:${i}:${s}Z`,
    ),
  );
  const basic = (at: number) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  if (Number.isNaN(signedAt)) return `Date must be in ISO-8601 'basic format'. Got '${date}'.`;
  if (signedAt < now - SKEW_MS) {
    return `Signature expired: ${date} is now earlier than ${basic(now - SKEW_MS)} (${basic(now)} - 15 min.)`;
  }
  if (signedAt > now + SKEW_MS) {
    return `Signature not yet current: ${date} is still later than ${basic(now + SKEW_MS)} (${basic(now)} + 15 min.)`;
  }
  return undefined;
}

function sign(secret: string, scope: readonly string[], toSign: string): string {
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, toSign).toString('hex');
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
