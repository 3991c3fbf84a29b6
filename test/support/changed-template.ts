import type { Template } from '../../local/template/template.ts';
import { withProperties } from './parley.ts';

interface Statement {
  readonly Action: string | readonly string[];
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/** A template in which a function may no longer do what `lost` says, of what its role lets it do. */
export function withoutGrant(template: Template, functionId: string, lost: (action: string) => boolean): Template {
  const properties = template.Resources?.[functionId]?.Properties as { Role: { 'Fn::GetAtt': [string] } } | undefined;
  const role = properties?.Role['Fn::GetAtt'][0] ?? '';
  let found = false;
  const changed = withProperties(template, role, (of) => ({
    ...of,
    Policies: (of.Policies as Policy[]).map((policy) => ({
      ...policy,
      PolicyDocument: {
        ...policy.PolicyDocument,
        Statement: policy.PolicyDocument.Statement.filter(({ Action }) => {
          const isLost = [Action].flat().some(lost);
          found ||= isLost;
          return !isLost;
        }),
      },
    })),
  }));
  if (!found) throw new Error(`${functionId} has no such grant`);
  return changed;
}

/** A template in which a function has other variables in its environment; undefined takes one away. */
export function withVariables(
  template: Template,
  functionId: string,
  variables: Readonly<Record<string, string | undefined>>,
): Template {
  return withProperties(template, functionId, (of) => {
    const { Variables } = of.Environment as { Variables: Record<string, unknown> };
    const changed = Object.entries({ ...Variables, ...variables }).filter(([, value]) => value !== undefined);
    return { ...of, Environment: { Variables: Object.fromEntries(changed) } };
  });
}
