import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { ParleyStack, type ParleyStackProps } from '../../lib/parley-stack.ts';

const FLAGS = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')).context;

/** Runs `use` with a new app that has the project's feature flags, and removes what it wrote. Functions have no code. */
export function inApp<T>(use: (app: App) => T): T {
  const outdir = mkdtempSync(join(tmpdir(), 'parley-cdk-'));
  try {
    return use(
      new App({
        outdir,
        context: { ...FLAGS, 'aws:cdk:bundling-stacks': [] },
        // a second and a half for each app; the app itself has it
        builtinCloudFormationValidation: false,
      }),
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

const templates = new Map<string, Template>();

/** The ARN of a function of the owner's. */
export const RPC_ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:rpc';
/** As the prop of that name. */
export const rpc = (stack: Stack) => LambdaFunction.fromFunctionArn(stack, 'Rpc', RPC_ARN);

/** The template of a stack `Parley` with these props; made once, so nobody may change it. */
export function templateOf(props: ParleyStackProps = {}): Template {
  const key = JSON.stringify(props, (_, value) => (typeof value === 'function' ? String(value) : value));
  const template = templates.get(key) ?? inApp((app) => Template.fromStack(new ParleyStack(app, 'Parley', props)));
  templates.set(key, template);
  return template;
}

/** The properties of one resource. */
export const propertiesOf = (template: Template, logicalId: string) =>
  template.toJSON().Resources[logicalId]?.Properties;

/** Makes a stack with these props, for what it throws. */
export const makeStack = (props: unknown) => () =>
  inApp((app) => new ParleyStack(app, 'Parley', props as ParleyStackProps));
