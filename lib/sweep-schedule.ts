import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';

/** Wakes the sweep once a minute. A rule of EventBridge costs nothing; the function, some cents a month. */
export class SweepSchedule extends Construct {
  constructor(scope: Construct, id: string, { sweep }: { readonly sweep: IFunction }) {
    super(scope, id);
    const rule = new Rule(this, 'Rule', {
      description: 'Has connections visited: once a minute, those whose turn it is',
      schedule: Schedule.rate(Duration.minutes(1)),
      // a sweep that comes late would visit the connections of another minute: the next one comes anyway
      targets: [new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    pinLogicalId(rule, 'SweepRule');
  }
}
