import { describe, expect, it, vi } from 'vitest';
import type { ScheduleDeclaration } from '../../../local/declarations.ts';
import { startSchedule } from '../../../local/schedules/schedule.ts';
import { fakeClock } from '../../support/clock.ts';

const MINUTE = 60_000;
const SWEEP = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Sweep';
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/Parley-Rule';

/** A schedule of every minute that has begun, and what it has invoked. */
function started(overrides: Partial<ScheduleDeclaration> = {}, minuteMs?: number) {
  const clock = fakeClock(Date.UTC(2026, 0, 1, 12, 0, 0, 250));
  const enqueue = vi.fn<(functionArn: string, event: unknown, source: string) => void>();
  let ids = 0;
  const schedule = startSchedule(
    {
      logicalId: 'SweepRule1A2B3C4D',
      arn: RULE,
      everyMs: MINUTE,
      targets: [{ functionArn: SWEEP }],
      ...overrides,
    },
    {
      asynchronous: { enqueue },
      clock,
      newId: () => `id-${++ids}`,
      ...(minuteMs !== undefined && { minuteMs }),
    },
  );
  return { clock, enqueue, schedule };
}

describe('a schedule', () => {
  it('invokes its function with EventBridge’s event, for the first time after a minute', () => {
    const { clock, enqueue } = started();
    clock.advance(MINUTE - 1);
    expect(enqueue).not.toHaveBeenCalled();
    clock.advance(1);
    const event = {
      version: '0',
      id: 'id-1',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: '2026-01-01T12:01:00Z',
      region: 'us-east-1',
      resources: [RULE],
      detail: {},
    };
    expect(enqueue.mock.calls).toEqual([[SWEEP, event, 'schedule SweepRule']]);
  });

  it('invokes it again each minute, each time with an event of its own', () => {
    const { clock, enqueue } = started();
    clock.advance(3 * MINUTE);
    expect(enqueue.mock.calls.map(([, event]) => event)).toMatchObject([
      { id: 'id-1', time: '2026-01-01T12:01:00Z' },
      { id: 'id-2', time: '2026-01-01T12:02:00Z' },
      { id: 'id-3', time: '2026-01-01T12:03:00Z' },
    ]);
  });

  it('invokes all its functions at once, with the event that the template gives where it gives one', () => {
    const [first, second] = [`${SWEEP}1`, `${SWEEP}2`];
    const { clock, enqueue } = started({
      targets: [{ functionArn: first }, { functionArn: second, input: { event: null } }],
    });
    clock.advance(MINUTE);
    expect(enqueue.mock.calls.map(([arn, event]) => [arn, event])).toEqual([
      [first, expect.objectContaining({ id: 'id-1' })],
      [second, null],
    ]);
  });

  it('is as long as its rate, however long that is', () => {
    const { clock, enqueue } = started({ everyMs: 30 * 24 * 60 * MINUTE });
    clock.advance(30 * 24 * 60 * MINUTE - 1);
    expect(enqueue).not.toHaveBeenCalled();
    clock.advance(1);
    expect(enqueue).toHaveBeenCalledOnce();
  });

  it('runs sooner where a minute is made shorter, and tells the clock’s own time', () => {
    const { clock, enqueue } = started({ everyMs: 2 * MINUTE }, 500);
    clock.advance(2000);
    expect(enqueue.mock.calls.map(([, event]) => event)).toMatchObject([
      { time: '2026-01-01T12:00:01Z' },
      { time: '2026-01-01T12:00:02Z' },
    ]);
  });

  it('makes up for what fell due while the machine slept by one invocation, and keeps its beat', () => {
    const clock = fakeClock();
    const start = clock.now();
    let slept = 0;
    const enqueue = vi.fn();
    startSchedule(
      { logicalId: 'Rule', arn: RULE, everyMs: MINUTE, targets: [{ functionArn: SWEEP }] },
      {
        asynchronous: { enqueue },
        clock: { now: () => clock.now() + slept, at: (at, wake) => clock.at(at - slept, wake) },
      },
    );
    slept = 10.5 * MINUTE;
    clock.advance(MINUTE);
    expect(enqueue).toHaveBeenCalledOnce();
    expect(clock.next).toBe(start + 12 * MINUTE - slept);
  });

  it('leaves no timer behind when it is stopped', () => {
    const { clock, enqueue, schedule } = started();
    clock.advance(MINUTE);
    schedule.stop();
    expect(clock.next).toBeUndefined();
    expect(enqueue).toHaveBeenCalledOnce();
  });
});
