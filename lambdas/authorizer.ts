import type { APIGatewayRequestAuthorizerEvent, Context } from 'aws-lambda';
import { contextOf } from './aws/authorizer-context.ts';
import { ParleyError } from './chat/errors.ts';
import type { Identity } from './chat/ports.ts';
import { logger } from './runtime/observability.ts';
import { setting } from './runtime/settings.ts';
import { tokens } from './runtime/tokens.ts';
import { serving } from './serving.ts';

/** API Gateway takes at most 8 KB of an authorizer, policy and all. */
const LARGEST_ANSWER = 7 * 1024;

/** What is told of a name that was refused, in characters: it may be what is too large. */
const LONGEST_NAME_TOLD = 100;

const verifier = tokens();
const isOpen = setting('HANDSHAKE') === 'open';
const allowsAnonymous = setting('ALLOW_ANONYMOUS') === 'true';

/** `$connect`'s authorizer: says by the token who somebody is. Throws `Unauthorized`, which API Gateway answers as 401. */
export async function handler(event: APIGatewayRequestAuthorizerEvent, context: Context) {
  const answered = await authorize(event, context);
  // not within the function that logs its failures: this is none
  if (answered === undefined) throw Object.assign(new Error('Unauthorized'), { stack: 'Error: Unauthorized' });
  return answered;
}

const authorize = serving(async (event: APIGatewayRequestAuthorizerEvent) => {
  const token = tokenOf(event);
  const identity = token === undefined ? withoutToken() : await verified(token);
  if (identity === undefined) return undefined;
  const allowed = answer(event, 'Allow', identity);
  const bytes = Buffer.byteLength(JSON.stringify(allowed));
  if (bytes <= LARGEST_ANSWER) return allowed;
  logger.warn('a token says more than API Gateway passes on', { user: identity.user, bytes, most: LARGEST_ANSWER });
  return answer(event, 'Deny', { user: identity.user.slice(0, LONGEST_NAME_TOLD) });
});

async function verified(token: string): Promise<Identity | undefined> {
  try {
    return await verifier.verify(token);
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    logger.info('a token was refused', { code: error.code, reason: error.message });
    return undefined;
  }
}

/** With an open handshake the token may come later; until then its time is over for every command. */
function withoutToken(): Identity | undefined {
  if (!isOpen) {
    logger.info('a handshake without a token was refused');
    return undefined;
  }
  return allowsAnonymous ? { user: '' } : { user: '', expires: 0 };
}

function tokenOf({ queryStringParameters, headers }: APIGatewayRequestAuthorizerEvent): string | undefined {
  const header = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return queryStringParameters?.token || header?.match(/^Bearer +(\S+)$/i)?.[1];
}

const answer = ({ methodArn }: APIGatewayRequestAuthorizerEvent, Effect: 'Allow' | 'Deny', identity: Identity) => ({
  principalId: identity.user === '' ? 'anonymous' : identity.user,
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: methodArn }],
  },
  context: contextOf(identity),
});
