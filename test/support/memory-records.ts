import type { FormatName } from '../../lambdas/chat/channel-event.ts';
import type {
  Census,
  Connection,
  ConnectionIndex,
  Connections,
  Identity,
  NotedRequest,
  Subscription,
  Subscriptions,
} from '../../lambdas/chat/ports.ts';

/** Connections' records in memory. */
export class MemoryConnections implements Connections {
  readonly records = new Map<string, Connection>();

  async create(connection: Connection) {
    this.records.set(connection.id, structuredClone(connection));
  }

  async read(id: string) {
    return structuredClone(this.records.get(id));
  }

  async note(id: string, requests: Readonly<Record<string, NotedRequest>>, capacity: number) {
    const record = this.records.get(id);
    if (!record) return 'gone';
    // (as maps: what every object has is a channel's name like others)
    const channels = new Map(Object.entries(record.channels));
    const ends = new Map(Object.entries(record.ends));
    for (const [channel, { token, expires }] of Object.entries(requests)) {
      channels.set(channel, token);
      ends.delete(channel);
      if (expires !== undefined) ends.set(channel, expires);
    }
    // (what is beyond a lowered capacity may still change)
    if (channels.size > capacity && channels.size > Object.keys(record.channels).length) return 'full';
    this.records.set(id, { ...record, channels: Object.fromEntries(channels), ends: Object.fromEntries(ends) });
    return 'noted';
  }

  async forget(id: string, channel: string, token: string) {
    const record = this.records.get(id);
    if (record?.channels[channel] !== token) return;
    const { [channel]: _, ...channels } = record.channels;
    const { [channel]: __, ...ends } = record.ends;
    this.records.set(id, { ...record, channels, ends });
  }

  async refresh(id: string, identity: Identity, format?: FormatName) {
    const record = this.records.get(id);
    if (!record) return false;
    const { user, expires, info, caps, serverChannels } = identity;
    const { connectedAt, channels, ends } = record;
    this.records.set(id, {
      user,
      ...(expires !== undefined && { expires }),
      ...(info !== undefined && { info }),
      ...(caps !== undefined && { caps }),
      ...(serverChannels !== undefined && { serverChannels }),
      id,
      connectedAt,
      channels,
      ends,
      format: format ?? record.format,
    });
    return true;
  }

  async extend(id: string, channel: string, token: string, expires: number | undefined) {
    const record = this.records.get(id);
    if (record?.channels[channel] !== token) return false;
    const { [channel]: _, ...ends } = record.ends;
    this.records.set(id, { ...record, ends: expires === undefined ? ends : { ...ends, [channel]: expires } });
    return true;
  }

  async remove(id: string) {
    this.records.delete(id);
  }
}

/** Channels' readers in memory. */
export class MemorySubscriptions implements Subscriptions {
  readonly rows = new Map<string, Map<string, Subscription>>();

  async of(channel: string) {
    return [...(this.rows.get(channel)?.values() ?? [])].map((row) => structuredClone(row));
  }

  async find(channel: string, connection: string) {
    return structuredClone(this.rows.get(channel)?.get(connection));
  }

  async put(channel: string, subscription: Subscription) {
    const rows = this.rows.get(channel) ?? new Map<string, Subscription>();
    this.rows.set(channel, rows.set(subscription.connection, structuredClone(subscription)));
  }

  async cut(channel: string, connection: string) {
    const row = this.rows.get(channel)?.get(connection);
    if (row) this.rows.get(channel)?.set(connection, { ...row, cut: true });
  }

  async remove(channel: string, connection: string) {
    this.rows.get(channel)?.delete(connection);
  }
}

/** The connections by what they have in common, and all of them counted; as new as the records. */
export class MemoryIndex implements ConnectionIndex, Census {
  /** Connections in a page. */
  pageSize = 1_000;
  readonly #connections: MemoryConnections;
  readonly #subscriptions: MemorySubscriptions;

  constructor(connections: MemoryConnections, subscriptions: MemorySubscriptions) {
    this.#connections = connections;
    this.#subscriptions = subscriptions;
  }

  async ofUser(user: string) {
    if (user === '') return [];
    return this.#all((connection) => connection.user === user).map(({ id }) => id);
  }

  async madeIn(minute: number, after = '') {
    const made = this.#all(({ id, connectedAt }) => Math.floor(connectedAt / 60_000) === minute && id > after);
    const connections = made.slice(0, this.pageSize).map(({ id, format, expires, ends }) => ({
      id,
      format,
      ...(expires !== undefined && { expires }),
      hasEnds: Object.keys(ends).length > 0,
    }));
    const next = made.length > this.pageSize ? connections.at(-1)?.id : undefined;
    return { connections, ...(next !== undefined && { next }) };
  }

  async count() {
    const channels = [...this.#subscriptions.rows].map(([channel, rows]) => [channel, rows.size] as const);
    const all = this.#all(() => true);
    return {
      channels: new Map(channels.filter(([, readers]) => readers > 0)),
      connections: all.length,
      users: new Set(all.map(({ user }) => user)).size,
    };
  }

  #all(test: (connection: Connection) => boolean): Connection[] {
    return [...this.#connections.records.values()].filter(test).sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
