import { createHash } from 'node:crypto';
import type { SecretDeclaration } from '../declarations.ts';
import type { AwsAnswer, AwsService } from '../endpoint/aws-service.ts';
import { jsonAnswer, jsonRefusal } from '../endpoint/json-answer.ts';
import { arn } from '../template/names.ts';
import { type KeptValues, secretValue } from './secret-value.ts';

const TARGET = 'secretsmanager';

/** What the secrets take from outside. */
export interface SecretsOptions {
  readonly kept: KeptValues;
  /** `apiKey` in the stack's secret; absent: it has none. */
  readonly apiKey?: string;
  /** Since when the secrets are there, ms since 1970. */
  readonly now: number;
}

interface Secret extends SecretDeclaration {
  readonly value: string;
}

/** Serves the declared secrets as Secrets Manager: GetSecretValue and DescribeSecret, by ARN or name. */
export async function openSecrets(
  declarations: readonly SecretDeclaration[],
  { kept, apiKey, now }: SecretsOptions,
): Promise<AwsService> {
  const extra: Record<string, string> = apiKey === undefined ? {} : { apiKey };
  const secrets: readonly Secret[] = await Promise.all(
    declarations.map(async (declaration) => ({ ...declaration, value: await secretValue(declaration, kept, extra) })),
  );
  const find = (id: string) => secrets.find((secret) => secret.arn === id || secret.name === id);
  return {
    name: TARGET,
    targetPrefix: TARGET,
    iamOf(target, body) {
      const id = secretId(body);
      if (id === undefined) return [];
      const resource = find(id)?.arn ?? (id.startsWith('arn:') ? id : arn(TARGET, `secret:${id}-??????`));
      return [{ action: `${TARGET}:${operationOf(target)}`, resource }];
    },
    async handle(target, body) {
      const id = secretId(body);
      if (id === undefined) return refuse('InvalidParameterException', 'You must provide a SecretId.');
      const secret = find(id);
      if (!secret) return notFound('the specified secret.');
      return perform(operationOf(target), secret, body, now / 1000);
    },
    refusal: (failure) => jsonRefusal('1.1', failure),
  };
}

function perform(operation: string, secret: Secret, body: string, created: number): AwsAnswer {
  const { arn: ARN, name: Name, value } = secret;
  const versionId = versionOf(value);
  switch (operation) {
    case 'GetSecretValue': {
      const { VersionStage = 'AWSCURRENT', VersionId = versionId } = JSON.parse(body) as Record<string, string>;
      if (VersionStage !== 'AWSCURRENT') {
        return notFound(`the specified secret value for staging label: ${VersionStage}`);
      }
      if (VersionId !== versionId) return notFound(`the specified secret value for VersionId: ${VersionId}`);
      const versions = { VersionId, VersionStages: ['AWSCURRENT'] };
      return jsonAnswer('1.1', 200, { ARN, Name, SecretString: value, ...versions, CreatedDate: created });
    }
    case 'DescribeSecret': {
      const versions = { VersionIdsToStages: { [versionId]: ['AWSCURRENT'] } };
      return jsonAnswer('1.1', 200, { ARN, Name, ...versions, CreatedDate: created, LastChangedDate: created });
    }
    default:
      return refuse('UnknownOperationException', `${operation} is not served by the local Secrets Manager.`);
  }
}

const operationOf = (target: string): string => target.slice(TARGET.length + 1);

function secretId(body: string): string | undefined {
  try {
    const { SecretId: id } = Object(JSON.parse(body)) as { SecretId?: unknown };
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** A UUID, the same for the same value. */
function versionOf(value: string): string {
  const hash = createHash('sha256').update(value).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

const notFound = (what: string): AwsAnswer => refuse('ResourceNotFoundException', `Secrets Manager can't find ${what}`);

const refuse = (type: string, Message: string): AwsAnswer => jsonAnswer('1.1', 400, { __type: type, Message });
