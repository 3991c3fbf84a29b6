import { EVENT_VERSION } from '../../../lambdas/chat/channel-event.ts';
import type { Chat } from '../../../lambdas/chat/chat.ts';
import type { Format, Logger, LogRow, Outgoing, Trial } from '../../../lambdas/chat/ports.ts';
import { centrifugeFormat } from '../../../lambdas/protocol/centrifuge-format.ts';
import { jsonFormat } from '../../../lambdas/protocol/json.ts';
import { MemoryIndex } from '../memory-records.ts';
import type { Actor, Simulation } from './simulation.ts';

/** The core's ports as one function of a simulation has them: every call waits for what is decided of it. */
export function portsFor(simulation: Simulation, actor: Actor): Chat {
  const through = <P extends object>(port: string, target: P, before?: (method: string, args: unknown[]) => void): P =>
    new Proxy(target, {
      get: (object, name) => {
        const method = Reflect.get(object, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          before?.(String(name), args);
          const text = `${port}.${String(name)}(${args.map((a) => JSON.stringify(a)?.slice(0, 120)).join(', ')})`;
          return simulation.call(actor, text, async () => method.apply(object, args));
        };
      },
    });
  const logger: Logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (m, f) => simulation.trace.push(`! ${m} ${f?.error}`),
  };
  const index = new MemoryIndex(simulation.connections, simulation.subscriptions);
  return {
    log: through('log', simulation.log, (method, args) => {
      if (method === 'claim') simulation.noteClaim(actor, String(args[0]));
      if (method === 'trial') simulation.noteTrial(String(args[0]), args[2] as Trial);
      if (method !== 'append') return;
      for (const { publication } of args[3] as LogRow[]) simulation.suffer(actor, publication.id);
    }),
    subscriptions: through('subscriptions', simulation.subscriptions),
    connections: through('connections', simulation.connections),
    queue: through('queue', {
      send: async (events: readonly Outgoing[]) =>
        events.map((outgoing) => {
          simulation.enqueue(outgoing);
          return true;
        }),
      waiting: async () => simulation.channelQueue.counts().visible,
    }),
    later: through('later', {
      again: async (event) => void simulation.sendLater({ v: EVENT_VERSION, type: 'again', event }, 1_000),
      end: async (connection, options) =>
        void simulation.sendLater({ v: EVENT_VERSION, type: 'end', connection, ...options }, 0),
      sweep: async (task) => void simulation.sendLater({ v: EVENT_VERSION, type: 'sweep', ...task }, 0),
    }),
    parking: through('parking', { park: async (item) => void simulation.parked.push(item) }),
    posts: {
      post: (connection, frame) =>
        simulation.call(
          actor,
          `post ${connection} ${frame.slice(0, 300)}`,
          (o) => post(simulation, actor, connection, frame, o),
          ['NO ANSWER, arrived', 'NO ANSWER, lost', 'BUSY'],
        ),
      end: (connection) => simulation.call(actor, `end ${connection}`, async () => end(simulation, connection)),
    },
    tokens: { verify: noTokens, verifySubscription: noTokens },
    index: through('index', index),
    census: through('census', index),
    joinLeaveReaders: 100,
    formats: formatsFor(simulation, actor),
    namespaces: simulation.namespaces,
    limits: { messageBytes: 32_768, channels: 128, backlog: 20_000 },
    world: {
      now: () => simulation.time.now(),
      sleep: (ms) => simulation.time.sleep(ms),
      random: () => 0.5,
      id: () => `${simulation.newId()}-0123456789`,
    },
    logger,
    metrics: { count: () => undefined },
  };
}

/** The formats as they are, but for what a scenario has put wrong with a message or a reader, and how large a message is. */
function formatsFor(simulation: Simulation, actor: Actor): Chat['formats'] {
  const suffering = (format: Format): Format => {
    const sized = (text: string) => text.padEnd(simulation.documentBytes);
    return {
      ...format,
      message: (channel, publication) => {
        if (simulation.poison.get(publication.id) === 'throws posting') throw new TypeError('a bug');
        return sized(format.message(channel, publication));
      },
      piece: (channel, publication) => sized(format.piece(channel, publication)),
      subscribed: (event, outcome) => {
        simulation.suffer(actor, event.connection);
        return format.subscribed(event, outcome);
      },
    };
  };
  const centrifuge = centrifugeFormat({ now: () => simulation.time.now(), pingSeconds: 600 });
  return { json: suffering(jsonFormat), centrifuge: suffering(centrifuge) };
}

const noTokens = async (): Promise<never> => {
  throw new Error('no tokens here');
};

/** Ends a connection, as `DELETE @connections` does. */
function end(simulation: Simulation, connection: string): 'ended' | 'gone' {
  const client = simulation.clients.get(connection);
  if (!client?.open || !client.established) return 'gone';
  client.open = false;
  return 'ended';
}

/** Posts a frame, as `POST @connections` does, unless it is decided that something goes wrong. */
async function post(simulation: Simulation, actor: Actor, connection: string, frame: string, outcome: string) {
  const client = simulation.clients.get(connection);
  if (outcome === 'BUSY') return 'busy' as const;
  if (!client?.open || !client.established) return 'gone' as const;
  if (client.busy > 0) {
    client.busy--;
    return 'busy' as const;
  }
  if (outcome !== 'NO ANSWER, lost') simulation.arrive(connection, client, frame);
  if (client.told.some(({ type, id }) => type === 'message' && simulation.poison.get(String(id)) === 'kills posting'))
    simulation.kill(actor);
  const answered = client.mute === 0 && !outcome.startsWith('NO ANSWER');
  client.mute = Math.max(0, client.mute - 1);
  return answered ? ('delivered' as const) : ('unanswered' as const);
}
