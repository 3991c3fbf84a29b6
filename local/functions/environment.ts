import type { FunctionDeclaration } from '../declarations.ts';

/** What a process needs of the developer's own environment to run at all; nothing else gets in. */
const OF_THE_MACHINE = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];

/**
 * The environment of a function's process: what the template says, and what Lambda sets
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), which wins as it does there.
 *
 * `given` is what the server adds for this function alone: credentials, endpoints, certificates.
 */
export function functionEnvironment(
  declaration: FunctionDeclaration,
  given: Readonly<Record<string, string>>,
  machine: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const region = declaration.arn.split(':')[3] ?? '';
  const ofTheMachine = OF_THE_MACHINE.flatMap((name) => {
    const value = machine[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(ofTheMachine),
    // no file of the developer's home (~/.aws above all) has a say in what a function does
    HOME: declaration.codeDirectory,
    ...declaration.environment,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    LAMBDA_TASK_ROOT: declaration.codeDirectory,
    LAMBDA_RUNTIME_DIR: declaration.codeDirectory,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: declaration.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(declaration.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${declaration.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    _HANDLER: declaration.handler,
    ...given,
  };
}
