import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

describe('the tables', () => {
  const template = templateOf();

  it.each(['Connections', 'Channels'])(
    '%s: keyed by the strings pk and sk, on demand, encrypted, protected',
    (table) => {
      expect(propertiesOf(template, table)).toMatchObject({
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        DeletionProtectionEnabled: true,
      });
    },
  );

  it.each(['Connections', 'Channels'])('%s: items expire by expiresAt', (table) => {
    expect(propertiesOf(template, table).TimeToLiveSpecification).toEqual({
      AttributeName: 'expiresAt',
      Enabled: true,
    });
  });

  it('can bring back channels as they were at any time, and only channels', () => {
    expect(propertiesOf(template, 'Channels').PointInTimeRecoverySpecification).toEqual({
      PointInTimeRecoveryEnabled: true,
    });
    expect(propertiesOf(template, 'Connections')).not.toHaveProperty('PointInTimeRecoverySpecification');
  });

  it('are two, without indexes', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 2);
    expect(propertiesOf(template, 'Connections')).not.toHaveProperty('GlobalSecondaryIndexes');
    expect(propertiesOf(template, 'Channels')).not.toHaveProperty('GlobalSecondaryIndexes');
  });
});
