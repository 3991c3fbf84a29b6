import type { TableDeclaration } from '../declarations.ts';
import type { AwsService } from '../endpoint/aws-service.ts';
import { jsonAnswer, jsonRefusal } from '../endpoint/json-answer.ts';
import type { Activity, Clock } from '../invocation.ts';
import { explained, expressionFault, invalid, withNames } from './dynalite-differences.ts';
import { DYNAMO_TARGET } from './dynamo-connection.ts';
import { openEmbeddedDynamo } from './embedded-dynamo.ts';
import { expireItems } from './expiry.ts';
import { foreignDynamo } from './foreign-dynamo.ts';
import { indexRules } from './index-rules.ts';
import { tableAccess } from './table-access.ts';
import { createTables } from './table-creation.ts';

/** What the tables take from outside. */
export interface TablesOptions {
  readonly clock: Clock;
  readonly activity: Activity;
  /** Where the tables are kept, a directory of their own; absent: in memory. */
  readonly dataDirectory?: string;
  /** `AWS_ENDPOINT_URL_DYNAMODB` in it names another DynamoDB, which is then used. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The declared tables, served as DynamoDB. */
export interface Tables extends AwsService {
  /** Where the DynamoDB behind it listens: for looking into it with other tools. */
  readonly url: string;
  /** Ends the expiry and an embedded DynamoDB. */
  close(): Promise<void>;
}

/**
 * Opens the declared tables: in dynalite, or in another DynamoDB; creates those that are missing; and deletes what
 * expires. Throws a StartError where that cannot be.
 */
export async function openTables(declarations: readonly TableDeclaration[], options: TablesOptions): Promise<Tables> {
  const { clock, activity, dataDirectory, environment = {} } = options;
  const foreign = environment.AWS_ENDPOINT_URL_DYNAMODB;
  const connection = foreign ? foreignDynamo(foreign, environment) : await openEmbeddedDynamo(dataDirectory);
  try {
    await createTables(connection, declarations);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const stopExpiry = expireItems(connection, declarations, { clock, activity });
  const accessOf = tableAccess(declarations);
  const indexFault = indexRules(declarations);
  return {
    name: 'dynamodb',
    targetPrefix: DYNAMO_TARGET,
    url: connection.url,
    iamOf(target, body) {
      const input = parse(body);
      return input ? accessOf(operationOf(target), input) : [];
    },
    async handle(target, body) {
      const input = parse(body);
      if (!input) return jsonAnswer('1.0', 400, { __type: 'com.amazon.coral.service#SerializationException' });
      const fault = expressionFault(input);
      if (fault) return fault;
      const ofIndex = indexFault(operationOf(target), input);
      if (ofIndex !== undefined) return invalid(ofIndex);
      return explained(operationOf(target), await connection.send(target, withNames(body, input)));
    },
    refusal: (failure) => jsonRefusal('1.0', failure),
    async close() {
      await stopExpiry();
      await connection.close();
    },
  };
}

type Input = Readonly<Record<string, unknown>>;

const operationOf = (target: string): string => target.slice(DYNAMO_TARGET.length + 1);

function parse(body: string): Input | undefined {
  try {
    const input: unknown = JSON.parse(body);
    return typeof input === 'object' && input !== null ? (input as Input) : undefined;
  } catch {
    return undefined;
  }
}
