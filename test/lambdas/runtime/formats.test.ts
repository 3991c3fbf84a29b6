import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../../lambdas/chat/command.ts';
import { formats, formatsWithPings } from '../../../lambdas/runtime/formats.ts';

const connected: Reply = { type: 'connected', id: '1', connection: 'c1', subs: new Map() };
const told = ({ centrifuge }: typeof formats) => JSON.parse(centrifuge.reply(connected)).connect;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the formats', () => {
  it('promise pings as often as the sweep sends them, a minute more, for those who answer connect', () => {
    vi.stubEnv('PING_INTERVAL', '5');
    expect(told(formatsWithPings())).toMatchObject({ client: 'c1', ping: 360 });
  });

  it('need no setting for all others', () => {
    vi.stubEnv('PING_INTERVAL', undefined);
    expect(told(formats)).not.toHaveProperty('ping');
    expect(formatsWithPings).toThrow('PING_INTERVAL');
  });

  it('are those of plain clients, and of the Centrifugo protocol', () => {
    expect(formats.json.ping).toBe('{"type":"ping"}');
    expect(formats.centrifuge.ping).toBe('{}');
  });

  it('tell how long a subscription lasts by the clock', () => {
    const expires = Math.floor(Date.now() / 1000) + 1_000;
    const event = { v: 2, type: 'subscribe', channel: 'c', connection: 'c1', user: 'u', format: 'centrifuge' } as const;
    const frame = formats.centrifuge.subscribed(
      { ...event, token: 's1', connectedAt: 0, id: '7', expires },
      { missed: [] },
    );
    expect(JSON.parse(frame).subscribe.ttl).toBeGreaterThan(900);
  });
});
