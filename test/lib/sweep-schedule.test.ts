import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

describe('what wakes the sweep', () => {
  const template = templateOf();

  it('is a schedule, once a minute', () => {
    expect(propertiesOf(template, 'SweepRule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] } }],
    });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      FunctionName: { 'Fn::GetAtt': ['Sweep', 'Arn'] },
      SourceArn: { 'Fn::GetAtt': ['SweepRule', 'Arn'] },
    });
  });

  it('never wakes it again for a minute that is over: neither EventBridge nor Lambda tries twice', () => {
    const once = { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 };
    expect(propertiesOf(template, 'SweepRule').Targets[0].RetryPolicy).toEqual(once);
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'Sweep' },
      Qualifier: '$LATEST',
      ...once,
    });
  });

  it('lets it run until shortly before the next', () => {
    expect(propertiesOf(template, 'Sweep').Timeout).toBe(55);
  });
});
