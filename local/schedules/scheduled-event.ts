import type { ScheduledEvent } from 'aws-lambda';
import { ACCOUNT, REGION } from '../template/names.ts';

/**
 * What EventBridge invokes a function with for a rule that has a schedule; `at` is in ms since 1970, and is told in
 * whole seconds.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-scheduled-events.html
 */
export function scheduledEvent(
  ruleArn: string,
  { id, at }: { readonly id: string; readonly at: number },
): ScheduledEvent {
  return {
    version: '0',
    id,
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region: REGION,
    resources: [ruleArn],
    detail: {},
  };
}
