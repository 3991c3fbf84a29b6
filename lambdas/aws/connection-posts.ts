import {
  type ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { PostAnswer, Posts } from '../chat/ports.ts';
import { isAccessFault, statusOf, tellingFaults } from './faults.ts';

/** Before a connection to the service is there; Node says `connect` and `getaddrinfo` for the call that failed, too. */
const NEVER_SENT_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const NEVER_SENT_CALLS = new Set(['connect', 'getaddrinfo']);
/** How `@smithy/node-http-handler` words its connection timeout, which has no code of its own. */
const NO_CONNECTION = 'did not establish a connection';

/**
 * Posts frames to connections and ends them, each with one call, through `managementClient`.
 *
 * Missing rights and credentials are `Unavailable`, for `end` as well as for `post`. A connection that `end` cannot ask
 * for at all (400: an id of a form that API Gateway does not have) is gone: nobody can be connected by it.
 */
export function connectionPosts(client: ApiGatewayManagementApiClient): Posts {
  return tellingFaults<Posts>({
    async post(ConnectionId, Data) {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId, Data }));
        return 'delivered';
      } catch (error) {
        return answerOf(error);
      }
    },

    async end(ConnectionId) {
      try {
        await client.send(new DeleteConnectionCommand({ ConnectionId }));
        return 'ended';
      } catch (error) {
        const answer = answerOf(error);
        if (answer === 'gone' || statusOf(error) === 400) return 'gone';
        if (answer === 'refused') throw error;
        return 'busy';
      }
    },
  });
}

/** What an error says of the post. Throws it where the call was not let through, and where it is none of the service's. */
function answerOf(error: unknown): Exclude<PostAnswer, 'delivered'> {
  if (!(error instanceof Error) || isAccessFault(error)) throw error;
  const status = statusOf(error);
  if (status === 410) return 'gone';
  if (status !== undefined && status >= 500) return 'busy';
  if (isThrottlingError(error)) return 'busy';
  if (status !== undefined && status >= 400) return 'refused';
  if (wasNeverSent(error)) return 'busy';
  if (isTransientError(error)) return 'unanswered';
  throw error;
}

function wasNeverSent(error: Error & { readonly code?: string; readonly syscall?: string }): boolean {
  return (
    NEVER_SENT_CODES.has(error.code ?? '') ||
    NEVER_SENT_CALLS.has(error.syscall ?? '') ||
    // what Node throws where none of a name's addresses could be connected to
    error instanceof AggregateError ||
    (error.name === 'TimeoutError' && error.message.includes(NO_CONNECTION))
  );
}
