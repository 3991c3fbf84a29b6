import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

describe('the alarms', () => {
  const template = templateOf();

  it.each([
    ['EventParkedAlarm', 'ChannelQueueDeadLetters'],
    ['LaterFailedAlarm', 'LaterQueueDeadLetters'],
  ])('%s goes off while anything is in %s', (alarm, queue) => {
    expect(propertiesOf(template, alarm)).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queue, 'QueueName'] } }],
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  it('goes off when a post is refused, by the metric as the functions write it', () => {
    const told = propertiesOf(template, 'Deliver').Environment.Variables;
    expect(propertiesOf(template, 'PostRefusedAlarm')).toMatchObject({
      Namespace: told.POWERTOOLS_METRICS_NAMESPACE,
      MetricName: 'PostRefused',
      Dimensions: [{ Name: 'service', Value: told.POWERTOOLS_SERVICE_NAME }],
      Statistic: 'Sum',
      Threshold: 0,
    });
  });

  it('tells nobody by itself, and the topic it is given, also when it is over', () => {
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() });
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:111111111111:alarms';
    templateOf({ alarmTopicArn }).allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [alarmTopicArn],
      OKActions: [alarmTopicArn],
    });
  });

  it('are three: each costs ten cents a month', () => {
    template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
  });
});
