import type { Refusal, ServerReply, ServerResult } from '../chat/server-command.ts';
import { centrifugeErrors } from './centrifuge-codes.ts';
import { infoOf, pubOf } from './centrifuge-objects.ts';
import type { ReadCall } from './server-call.ts';

/**
 * The body that answers a call. Of answers that are more than `most` bytes together, those that would go beyond are
 * refused; never those of commands that have had an effect, which are short.
 */
export function serverBody(
  { form, requests }: Pick<ReadCall, 'form' | 'requests'>,
  replies: readonly ServerReply[],
  most: number,
): string {
  const names = requests.map((request) =>
    form === 'batch' && 'command' in request ? request.command.method : 'result',
  );
  const ids = requests.map(({ id }) => (id === undefined ? {} : { id }));
  let room = most;
  const answers = replies.map((reply, i) => {
    const answer = JSON.stringify({ ...ids[i], ...answerOf(reply, String(names[i])) });
    // (the body is a string in JSON on its way to API Gateway)
    const size = Buffer.byteLength(JSON.stringify(answer));
    if (size > room && isReading(reply)) return JSON.stringify({ ...ids[i], error: errorOf(TOO_LARGE) });
    room -= size;
    return answer;
  });
  return form === 'batch' ? `{"replies":[${answers.join(',')}]}` : answers.join('\n');
}

/** The body that says why a call is not answered at all. */
export const serverErrorBody = (refusal: Refusal): string => JSON.stringify({ error: errorOf(refusal) });

const TOO_LARGE: Refusal = {
  code: 'limit_exceeded',
  message: 'the answer does not fit a response: ask for less at once',
};

const READINGS: readonly ServerResult['type'][] = ['presence', 'history', 'channels'];

const isReading = (reply: ServerReply): boolean => 'result' in reply && READINGS.includes(reply.result.type);

const answerOf = (reply: ServerReply, name: string): object =>
  'refusal' in reply ? { error: errorOf(reply.refusal) } : { [name]: resultOf(reply.result) };

/** Centrifugo's words, which its users know, and ours, which name the field. */
const errorOf = ({ code, message }: Refusal) => {
  const { code: number, message: words } = centrifugeErrors[code];
  return { code: number, message: `${words}: ${message}` };
};

/** (libraries count on numbers and lists, also where they are empty) */
function resultOf(result: ServerResult): object {
  switch (result.type) {
    case 'done':
      return {};
    case 'broadcast':
      return {
        responses: result.refusals.map((refusal) =>
          refusal === undefined ? { result: {} } : { error: errorOf(refusal) },
        ),
      };
    case 'presence':
      return { presence: Object.fromEntries(result.members.map((member) => [member.connection, infoOf(member)])) };
    case 'presenceStats':
      return { num_clients: result.connections, num_users: result.users };
    case 'history':
      return { publications: result.publications.map(pubOf), ...result.position };
    case 'channels':
      return {
        channels: Object.fromEntries([...result.channels].map(([name, readers]) => [name, { num_clients: readers }])),
      };
    case 'info':
      return { nodes: [nodeOf(result)] };
  }
}

/** A stack is one node to those who ask. */
const nodeOf = ({ connections, users, channels, subscriptions }: Extract<ServerResult, { type: 'info' }>) => ({
  uid: 'parley',
  name: 'parley',
  version: 'Parley',
  num_clients: connections,
  num_users: users,
  num_channels: channels,
  num_subs: subscriptions,
});
