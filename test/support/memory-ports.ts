import type { Delivered, Reason, SubscribeEvent } from '../../lambdas/chat/channel-event.ts';
import { ParleyError } from '../../lambdas/chat/errors.ts';
import type {
  ChannelQueue,
  Identity,
  LaterQueue,
  Lease,
  Logger,
  Metrics,
  Outgoing,
  Parking,
  PostAnswer,
  Posts,
  Rpc,
  SubscriptionGrant,
  Tokens,
} from '../../lambdas/chat/ports.ts';
import type { SweepTask } from '../../lambdas/chat/sweep.ts';
import type { MemoryWorld } from './memory-world.ts';

/** The channel queue in memory; what it took stays in `sent`. */
export class MemoryQueue implements ChannelQueue {
  readonly sent: Outgoing[] = [];
  /** How many events it says are waiting. */
  backlog = 0;
  /** Whether it takes an event. May throw, for all events of the call. */
  takes: (outgoing: Outgoing, place: number) => boolean = () => true;

  async send(events: readonly Outgoing[]) {
    const taken = events.map((outgoing, i) => this.takes(outgoing, i));
    this.sent.push(...events.filter((_, i) => taken[i]));
    return taken;
  }

  async waiting() {
    return this.backlog;
  }

  /** The events that it took, in order. */
  get events() {
    return this.sent.map(({ event }) => event);
  }
}

/** The delayed queue in memory. */
export class MemoryLater implements LaterQueue {
  readonly repeated: SubscribeEvent[] = [];
  readonly ends: { readonly connection: string; readonly channel?: string; readonly disconnect?: Reason }[] = [];
  readonly sweeps: SweepTask[] = [];

  async again(event: SubscribeEvent) {
    this.repeated.push(event);
  }

  async end(connection: string, options: { readonly channel?: string; readonly disconnect?: Reason } = {}) {
    this.ends.push({ connection, ...options });
  }

  async sweep(task: SweepTask) {
    this.sweeps.push(task);
  }
}

/** What was parked, and why. */
export class MemoryParking implements Parking {
  readonly parked: { readonly item: Delivered; readonly why: string }[] = [];

  async park(item: Delivered, why: string) {
    this.parked.push({ item, why });
  }
}

/** A client's document, as it reads it. */
export type Told = Readonly<Record<string, unknown>>;

/** The way to the clients in memory. */
export class MemoryPosts implements Posts {
  /** Every post, in order, whatever came of it. */
  readonly attempts: { readonly connection: string; readonly frame: string; readonly at: number }[] = [];
  readonly ended: string[] = [];
  /** What a post is answered with. */
  answer: (connection: string, frame: string) => PostAnswer = () => 'delivered';
  /** How long it takes to be answered, in ms. */
  takesMs: (connection: string) => number = () => 0;
  /** Whether an end is certain. */
  ends: (connection: string) => 'ended' | 'gone' | 'busy' = () => 'ended';
  /** The most posts that were under way at once, in all and to one connection. */
  readonly most = { inAll: 0, toOne: 0 };
  readonly #arrived = new Map<string, string[]>();
  readonly #open = new Map<string, number>();
  readonly #world: MemoryWorld;

  constructor(world: MemoryWorld) {
    this.#world = world;
  }

  async post(connection: string, frame: string) {
    this.attempts.push({ connection, frame, at: this.#world.now() });
    this.#open.set(connection, (this.#open.get(connection) ?? 0) + 1);
    const open = [...this.#open.values()];
    this.most.inAll = Math.max(
      this.most.inAll,
      open.reduce((a, b) => a + b, 0),
    );
    this.most.toOne = Math.max(this.most.toOne, ...open);
    const ms = this.takesMs(connection);
    if (ms > 0) await this.#world.sleep(ms);
    this.#open.set(connection, (this.#open.get(connection) ?? 0) - 1);
    const answer = this.answer(connection, frame);
    if (answer === 'delivered') this.#arrived.set(connection, [...this.frames(connection), frame]);
    return answer;
  }

  async end(connection: string) {
    this.ended.push(connection);
    return this.ends(connection);
  }

  /** The frames that certainly arrived at a connection, in order. */
  frames(connection: string): string[] {
    return this.#arrived.get(connection) ?? [];
  }

  /** The documents in them. */
  told(connection: string): Told[] {
    return this.frames(connection).flatMap((frame) => frame.split('\n').map((line): Told => JSON.parse(line)));
  }
}

/** Tokens that are what the map says; every other one is refused. */
export class MemoryTokens implements Tokens {
  readonly good = new Map<string, Identity>();
  readonly goodSubscriptions = new Map<string, SubscriptionGrant>();
  /** Tokens that were good once. */
  readonly expired = new Set<string>();

  async verify(token: string) {
    return this.#known(token, this.good);
  }

  async verifySubscription(token: string) {
    return this.#known(token, this.goodSubscriptions);
  }

  #known<T>(token: string, tokens: ReadonlyMap<string, T>): T {
    if (this.expired.has(token)) throw new ParleyError('token_expired', 'token: it has expired');
    const known = tokens.get(token);
    if (known === undefined) throw new ParleyError('permission_denied', 'token: its signature is not valid');
    return known;
  }
}

/** What answers `rpc`: what it was asked, or what a test says. */
export class MemoryRpc implements Rpc {
  readonly calls: Parameters<Rpc['call']>[0][] = [];
  answer: Rpc['call'] = async ({ data }) => ({ data });

  call(request: Parameters<Rpc['call']>[0]) {
    this.calls.push(request);
    return this.answer(request);
  }
}

/** A log, line by line. */
export class MemoryLogger implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: Record<string, unknown> }[] = [];

  info(message: string, fields: Record<string, unknown> = {}) {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(message: string, fields: Record<string, unknown> = {}) {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(message: string, fields: Record<string, unknown> = {}) {
    this.lines.push({ level: 'error', message, fields });
  }
}

/** Counts by name. */
export class MemoryMetrics implements Metrics {
  readonly counts = new Map<string, number>();

  count(name: string, value = 1) {
    this.counts.set(name, (this.counts.get(name) ?? 0) + value);
  }
}

/** A hold on a batch, which holds unless a test says otherwise. */
export class MemoryLease implements Lease {
  readonly endsAt: number;
  readonly deathAfterMs = 40_000;
  /** What was given back, in order. */
  readonly given: { readonly items: readonly Delivered[]; readonly seconds: number }[] = [];
  /** Whether an event is still in this worker's hands. */
  holds: (item: Delivered) => boolean = () => true;

  constructor(endsAt: number) {
    this.endsAt = endsAt;
  }

  async hold(items: readonly Delivered[]) {
    return items.map((item) => this.holds(item));
  }

  async giveBack(items: readonly Delivered[], seconds: number) {
    this.given.push({ items, seconds });
  }
}
