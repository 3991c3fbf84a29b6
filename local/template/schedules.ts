import type { FunctionDeclaration, ScheduleDeclaration, ScheduleTarget } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { type CheckInvocation, type Invoker, readInvokePermissions } from './invoke-permissions.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

const EVENT_BRIDGE: Invoker = { principal: 'events.amazonaws.com', name: 'EventBridge' };

const MINUTE_MS = 60_000;
const UNITS: Readonly<Record<string, number>> = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: 24 * 60 * MINUTE_MS };

/** What of a target is served; the others of these only say what becomes of an event that cannot be delivered. */
const OF_TARGET = ['Id', 'Arn', 'Input', 'RetryPolicy', 'DeadLetterConfig'];

/**
 * The template's rules with a schedule that are enabled. Each must run at a rate, and invoke functions of the template
 * that EventBridge may invoke.
 */
export function readSchedules(resources: Resources, functions: readonly FunctionDeclaration[]): ScheduleDeclaration[] {
  const checkInvocation = readInvokePermissions(resources, EVENT_BRIDGE);
  return resources
    .of('AWS::Events::Rule')
    .filter(isEnabled)
    .map((rule) => readSchedule(rule, functions, checkInvocation));
}

function isEnabled({ properties }: Resource): boolean {
  const state = properties.text('State', 'ENABLED');
  if (state === 'ENABLED' || state === 'DISABLED') return state === 'ENABLED';
  throw new StartError(`${properties.pathOf('State')}: ENABLED or DISABLED is needed, not ${state}.`);
}

function readSchedule(
  { logicalId, identity, properties }: Resource,
  functions: readonly FunctionDeclaration[],
  checkInvocation: CheckInvocation,
): ScheduleDeclaration {
  const bus = properties.text('EventBusName', 'default');
  if (bus !== 'default') {
    throw new StartError(`${properties.pathOf('EventBusName')}: schedules run on the default bus, not on ${bus}.`);
  }
  const arn = identity.attributes.Arn ?? '';
  return {
    logicalId,
    arn,
    everyMs: readRate(properties.text('ScheduleExpression'), properties.pathOf('ScheduleExpression')),
    targets: properties.parts('Targets').map((target, index) => {
      const stated = Object.keys((properties.value('Targets') as readonly object[])[index] ?? {});
      const unknown = stated.find((name) => !OF_TARGET.includes(name));
      if (unknown !== undefined) {
        throw new StartError(`${target.pathOf(unknown)}: the local server does not know this property of a target.`);
      }
      const read = readTarget(target, functions);
      checkInvocation(read.functionArn, arn, target.pathOf('Arn'));
      return read;
    }),
  };
}

function readTarget(target: Properties, functions: readonly FunctionDeclaration[]): ScheduleTarget {
  const functionArn = target.text('Arn');
  if (!functions.some((declared) => declared.arn === functionArn)) {
    throw new StartError(
      `${target.pathOf('Arn')}: only functions of the template can be invoked by a schedule, not ${functionArn}.`,
    );
  }
  if (!target.has('Input')) return { functionArn };
  try {
    return { functionArn, input: { event: JSON.parse(target.text('Input')) } };
  } catch (cause) {
    throw new StartError(`${target.pathOf('Input')} is no JSON: ${(cause as Error).message}.`, { cause });
  }
}

/**
 * A rate in ms. As in EventBridge, 1 goes with a singular and all else with a plural.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
function readRate(expression: string, path: string): number {
  const [, value = '', unit = '', plural = ''] = /^rate\(([1-9]\d*)\s+(minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const unitMs = UNITS[unit];
  if (unitMs !== undefined && (value === '1') === (plural === '')) return Number(value) * unitMs;
  if (expression.startsWith('cron(')) {
    throw new StartError(
      `${path}: the local server runs schedules at a rate, such as rate(1 minute), not ${expression}.`,
    );
  }
  throw new StartError(`${path}: rate(1 minute), rate(5 minutes) and the like are needed, not ${expression}.`);
}
