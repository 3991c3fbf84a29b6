import { Centrifuge, type Options, type Subscription, type SubscriptionOptions } from 'centrifuge';
import { WebSocket } from 'ws';
import { type Inbox, openInbox, PATIENCE_MS } from './inbox.ts';

/** What the SDK tells its application: an event of the client, or, with `subscription`, of one of its subscriptions. */
export interface SdkEvent extends Readonly<Record<string, unknown>> {
  readonly event: string;
  /** It is of a subscription that the client has made itself; without it, a `channel` is of a server-side one. */
  readonly subscription?: true;
  readonly channel?: string;
}

/** How to connect; what the SDK's own options say besides is theirs. */
export type SdkOptions = Partial<Omit<Options, 'websocket' | 'timeout'>>;

/** A client of the official SDK, which keeps all that it is told. */
export interface SdkClient extends Pick<Inbox<SdkEvent>, 'next' | 'until'> {
  readonly centrifuge: Centrifuge;
  /** All events so far, in the order in which the application is told of them. */
  readonly events: readonly SdkEvent[];
  /** All frames from the server so far, over all of its connections. */
  readonly frames: readonly string[];
  /** All frames from the client so far. */
  readonly sent: readonly string[];
  /** How often it has opened a socket. */
  readonly sockets: number;
  /** A subscription whose events are kept; it is not asked for yet. */
  subscription(channel: string, options?: SubscriptionOptions): Subscription;
  /** Destroys the TCP connection, without a close frame, and lets none be opened until `comeBack`. */
  kill(): void;
  /** Lets the SDK connect again, which it tries by itself. */
  comeBack(): void;
  /** Ends it for good. */
  close(): Promise<void>;
}

const CLIENT_EVENTS = [
  'connecting',
  'connected',
  'disconnected',
  'message',
  'error',
  'subscribed',
  'subscribing',
  'unsubscribed',
  'publication',
  'join',
  'leave',
] as const;
const SUBSCRIPTION_EVENTS = [
  'subscribing',
  'subscribed',
  'unsubscribed',
  'publication',
  'join',
  'leave',
  'error',
] as const;

/** A client of the address, with its query (`ws://…?token=…`), which is not connected yet. */
export function sdkClient(address: string, options: SdkOptions = {}): SdkClient {
  const inbox = openInbox<SdkEvent>();
  // what is told to nobody can be waited for, too
  const network = switchableNetwork(() => inbox.add());
  const centrifuge = new Centrifuge(address, {
    // a busy machine is no lost reply
    timeout: PATIENCE_MS,
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options,
    websocket: network.Socket,
  });
  for (const event of CLIENT_EVENTS) {
    centrifuge.on(event, (context: object) => inbox.add({ ...context, event }));
  }
  const { next, until } = inbox;
  return {
    centrifuge,
    events: inbox.items,
    frames: network.received,
    sent: network.sent,
    get sockets() {
      return network.count();
    },
    subscription(channel, subscriptionOptions = {}) {
      const subscription = centrifuge.newSubscription(channel, {
        minResubscribeDelay: 20,
        maxResubscribeDelay: 200,
        ...subscriptionOptions,
      });
      for (const event of SUBSCRIPTION_EVENTS) {
        subscription.on(event, (context: object) => inbox.add({ ...context, event, channel, subscription: true }));
      }
      return subscription;
    },
    kill: network.kill,
    comeBack: network.comeBack,
    next,
    until,
    async close() {
      centrifuge.disconnect();
      await network.closed();
      inbox.end('the client was closed');
    },
  };
}

/** The id that the server has given its latest connection. */
export const clientOf = ({ events }: Pick<SdkClient, 'events'>): unknown =>
  events.findLast(({ event }) => event === 'connected')?.client;

/** A constructor of sockets for the SDK, and the plug by which they are torn out. */
function switchableNetwork(onFrame: () => void) {
  const received: string[] = [];
  const sent: string[] = [];
  const open = new Map<WebSocket, Promise<void>>();
  let isCut = false;
  let count = 0;

  class Socket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { handshakeTimeout: PATIENCE_MS });
      count++;
      const closed = new Promise<void>((resolve) => {
        this.once('close', () => {
          open.delete(this);
          resolve();
        });
      });
      open.set(this, closed);
      this.on('message', (data) => {
        received.push(data.toString());
        onFrame();
      });
      // the SDK does not listen any more where it has given a socket up
      this.on('error', () => {});
      if (isCut) process.nextTick(() => this.terminate());
    }

    override send(data: string): void {
      sent.push(data);
      super.send(data);
    }
  }

  return {
    Socket,
    received,
    sent,
    count: () => count,
    kill() {
      isCut = true;
      for (const socket of open.keys()) socket.terminate();
    },
    comeBack() {
      isCut = false;
    },
    closed: () => Promise.all(open.values()),
  };
}
