import type { Delivered } from '../../lambdas/chat/channel-event.ts';
import { deliver } from '../../lambdas/chat/deliver.ts';
import { Unavailable } from '../../lambdas/chat/errors.ts';
import type { PostAnswer } from '../../lambdas/chat/ports.ts';
import type { Work } from './memory-channel.ts';
import type { MemoryChat } from './memory-chat.ts';

/** What goes wrong with one outside call of a worker. */
export interface Fault {
  /** Which call: 0 and up, those of several events under way at once as they come. */
  readonly call: number;
  readonly kind: (typeof FAULTS)[number];
}

/**
 * What can go wrong. `refused`: AWS has not done it; `refused late`: it has, and nobody learns of it. `dies …`: the
 * worker does, and makes no call any more. Of a post, the refusals mean that it is unanswered, and has arrived or not.
 */
export const FAULTS = ['refused', 'refused late', 'dies before', 'dies after', 'expires', 'busy'] as const;

/** How long a dead worker's events stay hidden, in ms. */
const HIDDEN_MS = 45_000;

/** What a worker meets outside. */
export interface Outside {
  /** A frame comes to a connection, if that is there. */
  arrive(connection: string, frame: string): 'delivered' | 'gone';
  /** Time takes something out of the history. */
  expire(): void;
}

/**
 * A worker of whose outside calls some go wrong, as planned. What it had in hand when it died comes back when the
 * visibility timeout is over; what it gave back, when it said.
 */
export function faultyWorker(outside: Outside, faults: readonly Fault[]): Work {
  return async (chat, batch, lease) => {
    const death = Promise.withResolvers<readonly Delivered[]>();
    let calls = 0;
    let dead = false;
    const die = (): Promise<never> => {
      dead = true;
      death.resolve(batch);
      return new Promise<never>(() => undefined);
    };

    async function call<T>(perform: () => Promise<T>, refuse: () => T): Promise<T> {
      if (dead) return die();
      const number = calls++;
      const kind = faults.find((fault) => fault.call === number)?.kind;
      if (kind === 'expires') outside.expire();
      if (kind === 'refused') return refuse();
      if (kind === 'dies before') return die();
      const result = await perform();
      if (kind === 'dies after') return die();
      return kind === 'refused late' ? refuse() : result;
    }

    const through = <P extends object>(port: P): P =>
      new Proxy(port, {
        get: (target, name) => {
          const method = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return (...args: unknown[]) =>
            call(
              async () => method.apply(target, args),
              () => {
                throw new Unavailable('as planned');
              },
            );
        },
      });
    const post = (connection: string, frame: string): Promise<PostAnswer> => {
      // (a refusal is tried again at once: it is the same as none, but for one that lasts)
      const isBusy = faults.some((fault) => fault.call === calls && fault.kind === 'busy');
      return call<PostAnswer>(
        async () => (isBusy ? 'busy' : outside.arrive(connection, frame)),
        () => 'unanswered',
      );
    };

    const faulty: MemoryChat = {
      ...chat,
      log: through(chat.log),
      subscriptions: through(chat.subscriptions),
      connections: through(chat.connections),
      queue: through(chat.queue),
      later: through(chat.later),
      parking: through(chat.parking),
      posts: Object.assign(through(chat.posts), { post }),
    };
    const began = chat.world.now();
    const failed = await Promise.race([deliver(faulty, batch, lease), death.promise]);
    const seconds = Math.max(0, ...lease.given.map((given) => given.seconds));
    chat.world.time = dead ? Math.max(chat.world.now(), began + HIDDEN_MS) : chat.world.now() + seconds * 1_000;
    return failed;
  };
}
