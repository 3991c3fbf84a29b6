import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { makeBackgroundFunctions } from './background-functions.ts';
import { type FrontFunctions, makeFrontFunctions } from './front-functions.ts';
import { FunctionMaker, type FunctionMakerProps } from './function-maker.ts';
import type { SettingsProps } from './function-settings.ts';

/** What the functions work with. */
export interface ChatFunctionsProps extends FunctionMakerProps, SettingsProps {}

/** The functions, and what wakes `deliver` and `later`. */
export class ChatFunctions extends Construct {
  readonly front: FrontFunctions;
  /** To be woken once a minute. */
  readonly sweep: IFunction;

  constructor(scope: Construct, id: string, props: ChatFunctionsProps) {
    super(scope, id);
    const maker = new FunctionMaker(this, props);
    this.front = makeFrontFunctions(maker, props);
    this.sweep = makeBackgroundFunctions(maker, props).sweep;
  }
}
