import type { Reply, ServerSubscription } from '../chat/command.ts';
import type { Format, Position } from '../chat/ports.ts';
import { centrifugeErrors } from './centrifuge-codes.ts';
import { infoOf, pubOf } from './centrifuge-objects.ts';

/** What the format has to know. */
interface CentrifugeFormatOptions {
  /** ms since 1970. */
  readonly now: () => number;
  /**
   * The longest time between two pings, in seconds, which the reply to `connect` promises; whoever writes that reply must
   * give it: centrifuge-python takes a ping that it was not promised for the last one, and leaves ten seconds later.
   */
  readonly pingSeconds?: number | undefined;
}

/**
 * How clients of the Centrifugo JSON protocol are written to (`definitions/client.proto` of centrifugal/protocol).
 *
 * `subscribed` of a server-side channel that the reply to `connect` has named is what was missed alone: `''` where that
 * is nothing, and nothing is to be sent then. But where the reply could not name the epoch of a channel that nobody had
 * used yet, it comes now: without it, the client could never recover.
 */
export function centrifugeFormat({ now, pingSeconds }: CentrifugeFormatOptions): Format {
  return {
    message,
    // (what `subscribed` makes of it in a reply is shorter)
    piece: message,
    subscribed({ channel, id, by, since, recoverable = false, expires }, { position, recovered, missed }) {
      const pushes = missed.map(({ text }) => text);
      if (by === 'server' || (by === 'connect' && since?.epoch === '')) {
        return [push(channel, { subscribe: placeOf(position, recoverable) }), ...pushes].join('\n');
      }
      if (by === 'connect') return pushes.join('\n');
      return answer(id, {
        subscribe: {
          // (its event may be handled after its end; an SDK then comes with a new token)
          ...lasting(expires && Math.max(1, expires - Math.floor(now() / 1000))),
          ...placeOf(position, recoverable, missed.at(-1)?.publication.offset),
          ...recovering(recovered),
          ...(missed.length > 0 && { publications: missed.map(({ publication }) => pubOf(publication)) }),
        },
      });
    },
    unsubscribed: ({ channel, id, push: why }) =>
      why === undefined ? answer(id, { unsubscribe: {} }) : push(channel, { unsubscribe: why }),
    tells: 'connections',
    join: (channel, member) => push(channel, { join: { info: infoOf(member) } }),
    leave: (channel, member) => push(channel, { leave: { info: infoOf(member) } }),
    disconnect: ({ code, reason }) => JSON.stringify({ push: { disconnect: { code, reason } } }),
    ping: JSON.stringify({}),
    reply: (reply) => answer(reply.id, resultOf(reply, pingSeconds)),
  };
}

const push = (channel: string, body: object): string => JSON.stringify({ push: { channel, ...body } });

const answer = (id: string | undefined, body: object): string =>
  JSON.stringify({ ...(id !== undefined && { id: Number(id) }), ...body });

const message: Format['message'] = (channel, publication) => push(channel, { pub: pubOf(publication) });

/** What a command has come to: SDKs wait for the result under its method's name, also where nothing is in it. */
function resultOf(reply: Reply, ping: number | undefined): object {
  switch (reply.type) {
    case 'ack':
      return { publish: {} };
    case 'pong':
      return { ping: {} };
    case 'connected': {
      const subs = [...reply.subs].map(([channel, subscription]) => [channel, serverSubscription(subscription)]);
      const { connection, ttl } = reply;
      return {
        connect: {
          client: connection,
          version: 'Parley',
          ...lasting(ttl),
          ...(subs.length > 0 && { subs: Object.fromEntries(subs) }),
          ...(ping !== undefined && { ping }),
        },
      };
    }
    case 'refreshed':
      return { refresh: lasting(reply.ttl) };
    case 'subRefreshed':
      return { sub_refresh: lasting(reply.ttl) };
    case 'unsubscribed':
      return { unsubscribe: {} };
    case 'history':
      return { history: { publications: reply.publications.map(pubOf), ...reply.position } };
    case 'presentConnections':
      return {
        presence: { presence: Object.fromEntries(reply.members.map((member) => [member.connection, infoOf(member)])) },
      };
    case 'presenceStats':
      return { presence_stats: { num_clients: reply.connections, num_users: reply.users } };
    case 'rpc':
      return { rpc: { data: reply.data } };
    case 'rpcError':
      return { error: { code: reply.code, message: reply.message } };
    case 'error':
      return { error: centrifugeErrors[reply.code] };
    case 'presence':
      throw new TypeError('a list of users is for plain clients: answer "presentConnections"');
  }
}

const serverSubscription = ({ position, recovered }: ServerSubscription) => ({
  ...placeOf(position, true),
  ...recovering(recovered),
});

const lasting = (ttl: number | undefined) => (ttl === undefined ? {} : { expires: true, ttl });

const recovering = (recovered: boolean | undefined) =>
  recovered === undefined ? {} : { ...(recovered && { recovered }), was_recovering: true };

/** `last`: the offset of the last of what was missed, where any of it comes along. */
function placeOf(position: Position | undefined, recoverable: boolean, last?: number) {
  if (position === undefined) return {};
  const offset = last ?? position.offset;
  return {
    ...(recoverable && { recoverable, positioned: true }),
    epoch: position.epoch,
    ...(offset > 0 && { offset }),
  };
}
