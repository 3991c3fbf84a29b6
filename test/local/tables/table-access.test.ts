import { describe, expect, it } from 'vitest';
import { tableAccess } from '../../../local/tables/table-access.ts';
import { tableDeclaration } from './table-fixture.ts';

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/Parley-Channels';
const accessOf = tableAccess([tableDeclaration()]);
const TableName = 'Parley-Channels';
const leading = (...keys: string[]) => ({ context: { 'dynamodb:LeadingKeys': keys } });

describe('operations on one item', () => {
  it.each(['PutItem', 'GetItem', 'UpdateItem', 'DeleteItem'])('%s needs its own action on the table', (operation) => {
    const input = operation === 'PutItem' ? { Item: { pk: { S: 'A' }, sk: { S: 'B' } } } : { Key: { pk: { S: 'A' } } };
    expect(accessOf(operation, { TableName, ...input })).toEqual([
      { action: `dynamodb:${operation}`, resource: ARN, ...leading('A') },
    ]);
  });
});

describe('operations on many items', () => {
  it('needs Query on the table, with the partition key where the condition names it', () => {
    const input = {
      TableName,
      KeyConditionExpression: '#pk = :p AND begins_with(sk, :s)',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':p': { S: 'A' }, ':s': { S: 'B' } },
    };
    expect(accessOf('Query', input)).toEqual([{ action: 'dynamodb:Query', resource: ARN, ...leading('A') }]);
  });

  it('needs Query on the index that it reads', () => {
    expect(accessOf('Query', { TableName, IndexName: 'bySlot' })).toEqual([
      { action: 'dynamodb:Query', resource: `${ARN}/index/bySlot` },
    ]);
  });

  it('needs Scan on the index that it reads, too', () => {
    expect(accessOf('Scan', { TableName, IndexName: 'byUser' })).toEqual([
      { action: 'dynamodb:Scan', resource: `${ARN}/index/byUser` },
    ]);
  });

  it('does not take the key of an index for a leading key of the table', () => {
    const input = {
      TableName,
      IndexName: 'byMinute',
      KeyConditionExpression: 'pk = :p AND minute = :m',
      ExpressionAttributeValues: { ':p': { S: 'A' }, ':m': { N: '1' } },
    };
    expect(accessOf('Query', input)).toEqual([{ action: 'dynamodb:Query', resource: `${ARN}/index/byMinute` }]);
  });

  it('does not tell the leading keys of a scan', () => {
    expect(accessOf('Scan', { TableName })).toEqual([{ action: 'dynamodb:Scan', resource: ARN }]);
  });

  it('needs a batch action on each of its tables', () => {
    const RequestItems = {
      [TableName]: [{ PutRequest: { Item: { pk: { S: 'A' } } } }, { DeleteRequest: { Key: { pk: { S: 'B' } } } }],
      Other: [{ PutRequest: { Item: { id: { S: 'A' } } } }],
    };
    expect(accessOf('BatchWriteItem', { RequestItems })).toEqual([
      { action: 'dynamodb:BatchWriteItem', resource: ARN, ...leading('A', 'B') },
      { action: 'dynamodb:BatchWriteItem', resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/Other' },
    ]);
    const keys = { [TableName]: { Keys: [{ pk: { S: 'A' } }, { pk: { S: 'A' } }] } };
    expect(accessOf('BatchGetItem', { RequestItems: keys })).toEqual([
      { action: 'dynamodb:BatchGetItem', resource: ARN, ...leading('A') },
    ]);
  });

  it('needs the single actions for what is in a transaction', () => {
    const Key = { pk: { S: 'A' } };
    const TransactItems = [
      { Put: { TableName, Item: Key } },
      { Update: { TableName, Key } },
      { Delete: { TableName, Key } },
      { ConditionCheck: { TableName, Key } },
    ];
    expect(accessOf('TransactWriteItems', { TransactItems }).map(({ action }) => action)).toEqual([
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:ConditionCheckItem',
    ]);
    expect(accessOf('TransactGetItems', { TransactItems: [{ Get: { TableName, Key } }] })).toEqual([
      { action: 'dynamodb:GetItem', resource: ARN, ...leading('A') },
    ]);
  });
});

describe('how a table is named', () => {
  it('takes an ARN for the table', () => {
    expect(accessOf('DescribeTable', { TableName: ARN })).toEqual([
      { action: 'dynamodb:DescribeTable', resource: ARN },
    ]);
  });

  it('asks for the action on everything where no table is named', () => {
    expect(accessOf('ListTables', {})).toEqual([{ action: 'dynamodb:ListTables', resource: '*' }]);
    expect(accessOf('BatchGetItem', {})).toEqual([{ action: 'dynamodb:BatchGetItem', resource: '*' }]);
  });
});
