import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { type NamespaceProps, resolveNamespaces } from '../../lib/namespaces.ts';

const DAY = 86_400;
const resolve = (options: unknown) => resolveNamespaces({ chat: options as NamespaceProps }).chat;
const refusal = (options: unknown) => () => resolve(options);

describe('namespaces', () => {
  it('turns times into seconds, fills in the defaults and leaves out what is off', () => {
    const options = { historySize: 10, historyTtl: Duration.hours(1), presence: true, joinLeave: false };
    expect(resolve(options)).toEqual({ historySize: 10, historyTtl: 3600, historyMetaTtl: 30 * DAY, presence: true });
  });

  it('takes a number for seconds', () => {
    expect(resolve({ historySize: 1, historyTtl: 60, historyMetaTtl: 2 * DAY })).toMatchObject({
      historyTtl: 60,
      historyMetaTtl: 2 * DAY,
    });
  });

  it('takes an option that is undefined for one that is not given', () => {
    expect(resolve({ historySize: undefined, presence: undefined })).toEqual({ historyMetaTtl: 30 * DAY });
  });

  it('lets clients read history and presence without being subscribed where it is told so', () => {
    expect(resolve({ presence: true, allowHistoryForClient: true, allowPresenceForClient: true })).toEqual({
      historyMetaTtl: 30 * DAY,
      presence: true,
      allowHistoryForClient: true,
      allowPresenceForClient: true,
    });
  });

  it('takes a size of 0 for no history', () => {
    expect(resolve({ historySize: 0, historyTtl: 0 })).toEqual({ historyMetaTtl: 30 * DAY });
  });

  it('remembers a position longer than 30 days where messages are kept as long', () => {
    expect(resolve({ historySize: 1, historyTtl: 60 * DAY })?.historyMetaTtl).toBe(60 * DAY + 7800);
  });

  it('names an unknown option, the one that was meant, and all that are allowed', () => {
    expect(refusal({ history_size: 1 })).toThrow(
      "namespaces['chat'].history_size: is no option, did you mean historySize?; allowed: historySize, historyTtl, ",
    );
    expect(refusal({ color: 1 })).toThrow("namespaces['chat'].color: is no option; allowed: historySize");
    expect(refusal({ constructor: 1 })).toThrow("namespaces['chat'].constructor: is no option");
  });

  it.each(['a', 'with space', 'a:b', 'ümlaut', 'a#b', 'a$b', 'a/b', 'x'.repeat(254)])('refuses the name %j', (name) => {
    expect(() => resolveNamespaces({ [name]: {} })).toThrow(
      `namespaces: '${name}' is no name of a namespace: 2 to 253`,
    );
  });

  it.each(['', 'ab', 'a-b_c.D9', 'x'.repeat(253)])('accepts the name %j', (name) => {
    expect(Object.keys(resolveNamespaces({ [name]: {} }))).toEqual([name]);
  });

  it.each([-1, 1.5, 1_000_001, Number.NaN, '10', null, true])('refuses a historySize of %j', (historySize) => {
    expect(refusal({ historySize, historyTtl: 60 })).toThrow(
      `namespaces['chat'].historySize: is ${JSON.stringify(historySize)}: a whole number from 0 to 1000000 is allowed`,
    );
  });

  it.each([-1, 0.5, 3650 * DAY + 1, '60', Duration.millis(1500)])('refuses a historyTtl of %s', (historyTtl) => {
    expect(refusal({ historySize: 1, historyTtl })).toThrow(
      /^namespaces\['chat'\]\.historyTtl: is .+: a whole number of seconds \(or a Duration\) from 0 to 315360000/,
    );
  });

  it.each([0, 1, 'true', null])('refuses %j for a switch', (presence) => {
    expect(refusal({ presence })).toThrow(
      `namespaces['chat'].presence: is ${JSON.stringify(presence)}: true and false are allowed`,
    );
  });

  it('refuses a history size without a TTL, and a TTL without a size', () => {
    expect(refusal({ historySize: 10 })).toThrow(
      "namespaces['chat'].historyTtl: is missing: historySize 10 needs a time",
    );
    expect(refusal({ historyTtl: 10 })).toThrow(
      "namespaces['chat'].historySize: is missing: historyTtl 10 needs a size",
    );
  });

  it('refuses to force recovery where nothing is kept', () => {
    expect(refusal({ forceRecovery: true })).toThrow("namespaces['chat'].forceRecovery: is true: only allowed with");
  });

  it('refuses to forget a position before the last message or connection that names it', () => {
    const kept = { historySize: 1, historyTtl: 3600 };
    expect(refusal({ ...kept, historyMetaTtl: 11_399 })).toThrow(
      "namespaces['chat'].historyMetaTtl: is 11399: at least 11400 seconds is allowed, historyTtl and 2 h 10 min",
    );
    expect(resolve({ ...kept, historyMetaTtl: 11_400 })?.historyMetaTtl).toBe(11_400);
    expect(refusal({ historyMetaTtl: 7799 })).toThrow('at least 7800 seconds is allowed');
  });

  it("refuses more namespaces than a function's environment holds", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`namespace-${i}`, { presence: true }]));
    expect(() => resolveNamespaces(many)).toThrow(/^namespaces: take \d+ bytes .+ 2400 are allowed/);
  });
});
