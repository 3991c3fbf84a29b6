import type { Subscription, Subscriptions } from './ports.ts';

/** A channel's readers as one batch sees them: read once, and kept as the batch changes them. */
export interface ChannelReaders {
  /** Every reader, cut ones included. */
  all(): Promise<Subscription[]>;
  find(connection: string): Promise<Subscription | undefined>;
  put(subscription: Subscription): Promise<void>;
  remove(connection: string): Promise<void>;
  /** Nothing more is posted to it in this batch: it is gone, or has been cut. */
  silence(connection: string): Promise<void>;
}

/**
 * Answers the readers of a channel. `ahead`: they will all be needed, so their query goes out at once.
 * Membership alone reads single rows: a join must not cost a read of everybody.
 */
export function readersOf(subscriptions: Subscriptions, channel: string, ahead: boolean): ChannelReaders {
  let everybody: Promise<Map<string, Subscription>> | undefined;
  const load = () => {
    everybody ??= subscriptions.of(channel).then((found) => new Map(found.map((s) => [s.connection, s])));
    return everybody;
  };
  // whoever needs the readers awaits the same promise and gets the error; a batch that ends before must not crash on it
  if (ahead) load().catch(() => undefined);
  return {
    all: async () => [...(await load()).values()],
    find: async (connection) =>
      everybody ? (await everybody).get(connection) : subscriptions.find(channel, connection),
    async put(subscription) {
      await subscriptions.put(channel, subscription);
      (await everybody)?.set(subscription.connection, subscription);
    },
    async remove(connection) {
      await subscriptions.remove(channel, connection);
      (await everybody)?.delete(connection);
    },
    async silence(connection) {
      const known = await everybody;
      const reader = known?.get(connection);
      if (known && reader) known.set(connection, { ...reader, cut: true });
    },
  };
}
