import { afterEach, describe, expect, it, vi } from 'vitest';
import { limits, namespaces, numberSetting, setting } from '../../../lambdas/runtime/settings.ts';

afterEach(() => vi.unstubAllEnvs());

describe('a setting', () => {
  it('is what the stack has given the function', () => {
    vi.stubEnv('MAX_CHANNELS', '64');
    expect(setting('MAX_CHANNELS')).toBe('64');
    expect(numberSetting('MAX_CHANNELS')).toBe(64);
  });

  it('that is missing is named', () => {
    vi.stubEnv('MAX_CHANNELS', undefined);
    expect(() => setting('MAX_CHANNELS')).toThrow("the function's environment has no MAX_CHANNELS");
  });

  it('may be empty', () => {
    vi.stubEnv('EMPTY', '');
    expect(setting('EMPTY')).toBe('');
  });
});

it('reads namespaces and limits as the core takes them', () => {
  vi.stubEnv('NAMESPACES', '{"":{"historySize":10,"historyTtl":60},"chat":{}}');
  vi.stubEnv('MAX_MESSAGE_BYTES', '1000');
  vi.stubEnv('MAX_CHANNELS', '5');
  vi.stubEnv('MAX_BACKLOG', '7');
  expect(namespaces()).toEqual({ '': { historySize: 10, historyTtl: 60 }, chat: {} });
  expect(limits()).toEqual({ messageBytes: 1000, channels: 5, backlog: 7 });
});
