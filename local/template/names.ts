import { createHash } from 'node:crypto';

/** The account and the region that the local server plays. */
export const ACCOUNT = '000000000000';
/** The region that everything local is in. */
export const REGION = 'us-east-1';

/** A name for a resource that the template gives none: CloudFormation's, without the random end. */
export function physicalName(stackName: string, logicalId: string, maximum: number): string {
  const name = `${stackName}-${logicalId}`;
  return name.length <= maximum ? name : `${name.slice(0, maximum - 9)}-${hashOf(name).slice(0, 8)}`;
}

/** An id as AWS would make one, lowercase letters and digits; always the same for the same resource. */
export function generatedId(stackName: string, logicalId: string, length: number): string {
  return BigInt(`0x${hashOf(`${stackName}/${logicalId}`)}`)
    .toString(36)
    .slice(0, length);
}

/** The stack's own ARN; parts of it are used for names that must be unique. */
export function stackId(stackName: string): string {
  const uuid = hashOf(stackName).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return arn('cloudformation', `stack/${stackName}/${uuid}`);
}

/** The ARN of a local resource: `resource` is what stands behind the account. */
export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

/** IAM has no regions. */
export function iamArn(resource: string): string {
  return `arn:aws:iam::${ACCOUNT}:${resource}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
