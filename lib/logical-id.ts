import { CfnElement } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Gives the resource of a construct (or an output) this very logical id, wherever in the tree it stands.
 *
 * CloudFormation knows a resource by it: one that gets another is made anew, and what it held stays behind.
 */
export function pinLogicalId(construct: IConstruct, logicalId: string): void {
  const element = construct.node.defaultChild ?? construct;
  if (!CfnElement.isCfnElement(element)) throw new Error(`${construct.node.path} is no single resource`);
  element.overrideLogicalId(logicalId);
}
