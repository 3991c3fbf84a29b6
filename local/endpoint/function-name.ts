import { ACCOUNT, REGION } from '../template/names.ts';

/** A function as a request to Lambda names it. */
export interface NamedFunction {
  /** Without the qualifier. */
  readonly arn: string;
  /** A version or an alias; `$LATEST` is the function as it is. */
  readonly qualifier?: string;
}

const NAME =
  /^(?:arn:aws:lambda:)?(?:(?<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[\w-]+)(?::(?<qualifier>\$LATEST|[\w-]+))?$/;

/**
 * Reads a function's name (`my-function`), ARN or partial ARN (`123456789012:function:my-function`), each with or
 * without a qualifier. Undefined where it is none of them.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function readFunctionName(text: string): NamedFunction | undefined {
  const { name, region = REGION, account = ACCOUNT, qualifier } = NAME.exec(text)?.groups ?? {};
  if (name === undefined) return undefined;
  const arn = `arn:aws:lambda:${region}:${account}:function:${name}`;
  return { arn, ...(qualifier !== undefined && { qualifier }) };
}
