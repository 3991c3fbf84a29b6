import { randomUUID } from 'node:crypto';
import type { ScheduleDeclaration } from '../declarations.ts';
import type { AsynchronousInvocations } from '../endpoint/asynchronous-invocations.ts';
import type { Clock } from '../invocation.ts';
import { scheduledEvent } from './scheduled-event.ts';

const MINUTE_MS = 60_000;

/** What a schedule takes from outside. */
export interface ScheduleOptions {
  /** EventBridge invokes functions asynchronously: it waits for none, and tries none again. */
  readonly asynchronous: Pick<AsynchronousInvocations, 'enqueue'>;
  readonly clock: Clock;
  /** How long a minute of the schedule takes. @default a minute */
  readonly minuteMs?: number;
  readonly newId?: () => string;
}

/** A schedule that is at work. */
export interface Schedule {
  /** Begins nothing from now on; what it has begun goes on. */
  stop(): void;
}

/**
 * Runs a rule of EventBridge at its rate: for the first time when that has passed once, as if the rule had been created
 * now. As on AWS, an invocation begins whether or not the one before it has ended: a function that must not run twice at
 * a time has to see to that itself.
 *
 * What falls due while the machine sleeps is made up for by one invocation. With another `minuteMs` the ticks come sooner;
 * the time that an event tells stays the clock's.
 */
export function startSchedule(
  { logicalId, arn, everyMs, targets }: ScheduleDeclaration,
  { asynchronous, clock, minuteMs = MINUTE_MS, newId = randomUUID }: ScheduleOptions,
): Schedule {
  const period = (everyMs / MINUTE_MS) * minuteMs;
  // without the hash that the CDK puts behind a construct's path
  const source = `schedule ${logicalId.replace(/(?<=.)[0-9A-F]{8}$/, '')}`;
  let due = clock.now() + period;
  let cancel = clock.at(due, tick);

  function tick(): void {
    const at = clock.now();
    due += (Math.floor((at - due) / period) + 1) * period;
    cancel = clock.at(due, tick);
    const own = scheduledEvent(arn, { id: newId(), at });
    for (const { functionArn, input } of targets) {
      asynchronous.enqueue(functionArn, input === undefined ? own : input.event, source);
    }
  }

  return { stop: () => cancel() };
}
