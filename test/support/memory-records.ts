import type { Connection, Connections, Identity, Subscription, Subscriptions } from '../../lambdas/chat/ports.ts';

/** Connections' records in memory. */
export class MemoryConnections implements Connections {
  readonly records = new Map<string, Connection>();

  async create(connection: Connection) {
    this.records.set(connection.id, structuredClone(connection));
  }

  async read(id: string) {
    return structuredClone(this.records.get(id));
  }

  async note(id: string, requests: Readonly<Record<string, string>>, capacity: number) {
    const record = this.records.get(id);
    if (!record) return 'gone';
    const channels = { ...record.channels, ...requests };
    if (Object.keys(channels).length > capacity) return 'full';
    this.records.set(id, { ...record, channels });
    return 'noted';
  }

  async forget(id: string, channel: string, token: string) {
    const record = this.records.get(id);
    if (record?.channels[channel] !== token) return;
    const { [channel]: _, ...channels } = record.channels;
    this.records.set(id, { ...record, channels });
  }

  async refresh(id: string, identity: Identity) {
    const record = this.records.get(id);
    if (!record) return false;
    const { connectedAt, channels } = record;
    this.records.set(id, { ...identity, id, connectedAt, channels });
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
