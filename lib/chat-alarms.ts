import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';

/** Who is told. */
export interface ChatAlarmsOptions {
  /**
   * ARN of the SNS topic that is told when an alarm goes off and when it is over.
   * @default - nobody: an alarm is seen in CloudWatch alone
   */
  readonly alarmTopicArn?: string;
}

/** What the alarms watch, and who is told. */
export interface ChatAlarmsProps extends ChatAlarmsOptions {
  /** Where events are parked that could not be processed. */
  readonly parkedEvents: IQueue;
  /** Where connections end up that could not be ended. */
  readonly laterDeadLetters: IQueue;
}

/** What somebody should look at. */
export class ChatAlarms extends Construct {
  readonly #topicArn: string | undefined;

  constructor(scope: Construct, id: string, props: ChatAlarmsProps) {
    super(scope, id);
    this.#topicArn = props.alarmTopicArn;
    const period = Duration.minutes(1);
    const waiting = (queue: IQueue) =>
      queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });

    this.#aboveZero(
      'EventParkedAlarm',
      waiting(props.parkedEvents),
      "An event of a channel could not be processed and was parked in the Channel queue's dead-letter queue.",
    );
    this.#aboveZero(
      'LaterFailedAlarm',
      waiting(props.laterDeadLetters),
      "A connection could not be ended for hours; it is in the Later queue's dead-letter queue.",
    );
    this.#aboveZero(
      'PostRefusedAlarm',
      new Metric({
        namespace: 'Parley',
        metricName: 'PostRefused',
        // as the functions are told by POWERTOOLS_SERVICE_NAME
        dimensionsMap: { service: Stack.of(this).stackName },
        period,
        statistic: Stats.SUM,
      }),
      'API Gateway refused a post with 413 or another 4xx that no connection is to blame for; its reader was cut.',
    );
  }

  #aboveZero(id: string, metric: IMetric, alarmDescription: string): void {
    const alarm = new Alarm(this, id, {
      metric,
      alarmDescription,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // an empty queue that nobody uses, and a metric that counts faults, have no data
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    pinLogicalId(alarm, id);
    const alarmActionArn = this.#topicArn;
    if (alarmActionArn === undefined) return;
    const tell = { bind: () => ({ alarmActionArn }) };
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
  }
}
