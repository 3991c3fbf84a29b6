import { Validations } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  type ITable,
  ProjectionType,
  Table,
  TableEncryption,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** What stays of the tables when the stack goes. */
export interface ChatTablesProps {
  readonly retention: Retention;
}

/** What is kept: connections with their subscriptions, and channels with their logs. */
export class ChatTables extends Construct {
  /**
   * Connections `CONN#<id>` / `CONN`, and subscriptions `SUB#<channel>#0` / connection. Of this region alone. Its indexes
   * find connections `byUser`, and `byMinute` of their beginning.
   */
  readonly connections: ITable;
  /** Heads `CHAN#<channel>` / `HEAD`, and messages `LOG#<channel>#<epoch>` / offset. */
  readonly channels: ITable;

  constructor(scope: Construct, id: string, { retention }: ChatTablesProps) {
    super(scope, id);
    const common: TableProps = {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      // Unix time in seconds: a value in milliseconds would never come
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: retention.removalPolicy,
      deletionProtection: retention.deletionProtection,
    };

    const connections = new Table(this, 'Connections', common);
    pinLogicalId(connections, 'Connections');
    // of records alone: nothing else has these attributes
    connections.addGlobalSecondaryIndex({
      indexName: 'byUser',
      partitionKey: { name: 'userKey', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    connections.addGlobalSecondaryIndex({
      indexName: 'byMinute',
      partitionKey: { name: 'minute', type: AttributeType.NUMBER },
      sortKey: { name: 'pk', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      // all that the sweep looks at: a check costs no read of the record, and no write
      nonKeyAttributes: ['format', 'expires', 'hasEnds', 'expiresAt'],
    });
    Validations.of(connections).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason:
        'No record outlives its connection (2 hours): a restored table would name only connections that are gone.',
    });

    const channels = new Table(this, 'Channels', {
      ...common,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    pinLogicalId(channels, 'Channels');

    this.connections = connections;
    this.channels = channels;
  }
}
