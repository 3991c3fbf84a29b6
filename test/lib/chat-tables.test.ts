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
        AttributeDefinitions: expect.arrayContaining([
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ]),
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

  it('find connections by their user, and by the minute of their beginning with all that the sweep looks at', () => {
    const { AttributeDefinitions, GlobalSecondaryIndexes } = propertiesOf(template, 'Connections');
    expect(GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'byUser',
        KeySchema: [{ AttributeName: 'userKey', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
      {
        IndexName: 'byMinute',
        KeySchema: [
          { AttributeName: 'minute', KeyType: 'HASH' },
          { AttributeName: 'pk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['format', 'expires', 'hasEnds', 'expiresAt'] },
      },
    ]);
    expect(AttributeDefinitions.slice(2)).toEqual([
      { AttributeName: 'userKey', AttributeType: 'S' },
      { AttributeName: 'minute', AttributeType: 'N' },
    ]);
  });

  it('are two, the one of channels without indexes', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 2);
    expect(propertiesOf(template, 'Channels')).not.toHaveProperty('GlobalSecondaryIndexes');
  });
});
