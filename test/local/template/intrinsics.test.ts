import { describe, expect, it } from 'vitest';
import { resolve, type Scope } from '../../../local/template/intrinsics.ts';

const scope: Scope = {
  ref: (name) => (name === 'AWS::NoValue' ? undefined : name === 'Number' ? 7 : `ref-${name}`),
  attribute: (logicalId, attribute) => `${logicalId}.${attribute}`,
  condition: (name) => name === 'Yes',
  mapped: (map, first, second) => `${map}/${first}/${second}`,
};

const of = (value: unknown) => resolve(value, scope, 'Resources.X');

describe('an intrinsic function', () => {
  it.each([
    ['Ref', { Ref: 'Queue' }, 'ref-Queue'],
    ['Fn::GetAtt with a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue.Arn'],
    ['Fn::GetAtt with a text', { 'Fn::GetAtt': 'Pool.Endpoint.Address' }, 'Pool.Endpoint.Address'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'B' }, { Ref: 'Number' }]] }, 'a-ref-B-7'],
    ['Fn::Sub', { 'Fn::Sub': `\${A}:\${B.Arn}:\${!Literal}` }, `ref-A:B.Arn:\${Literal}`],
    ['Fn::Sub with values', { 'Fn::Sub': [`\${A}/\${b}`, { b: { Ref: 'B' } }] }, 'ref-A/ref-B'],
    ['Fn::Select', { 'Fn::Select': ['1', ['a', 'b']] }, 'b'],
    ['Fn::Split', { 'Fn::Split': ['/', 'a/b'] }, ['a', 'b']],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [2, { 'Fn::Split': ['-', { Ref: 'x-y' }] }] }, 'y'],
    ['Fn::Base64', { 'Fn::Base64': 'hello' }, 'aGVsbG8='],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'A' }, 'k'] }, 'M/ref-A/k'],
    ['Fn::If that holds', { 'Fn::If': ['Yes', 'a', 'b'] }, 'a'],
    ['Fn::If that does not', { 'Fn::If': ['No', 'a', { Ref: 'B' }] }, 'ref-B'],
    ['Fn::Equals', { 'Fn::Equals': [{ Ref: 'A' }, 'ref-A'] }, true],
    ['Fn::Not', { 'Fn::Not': [{ 'Fn::Equals': ['a', 'a'] }] }, false],
    ['Fn::And', { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
    ['Fn::Or', { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
  ])('%s', (_, value, expected) => {
    expect(of(value)).toEqual(expected);
  });

  it('is resolved wherever it stands', () => {
    expect(of({ a: [{ b: { Ref: 'C' } }, 1, null] })).toEqual({ a: [{ b: 'ref-C' }, 1, null] });
  });

  it('leaves out what is AWS::NoValue, in objects and in lists', () => {
    expect(of({ a: { Ref: 'AWS::NoValue' }, b: ['x', { 'Fn::If': ['No', 'y', { Ref: 'AWS::NoValue' }] }] })).toEqual({
      b: ['x'],
    });
  });

  it('is not taken for the Condition of an IAM statement', () => {
    const statement = { Effect: 'Allow', Condition: { Bool: { 'aws:SecureTransport': 'true' } } };
    expect(of(statement)).toEqual(statement);
    expect(of({ Condition: { Bool: {} } })).toEqual({ Condition: { Bool: {} } });
  });
});

describe('an error names the path', () => {
  it('of an intrinsic function that is not known', () => {
    expect(() => of({ Zone: [{ 'Fn::GetAZs': '' }] })).toThrow('Resources.X.Zone[0]: Fn::GetAZs is not known here.');
  });

  it('of a dynamic reference', () => {
    expect(() => of({ a: '{{resolve:ssm:/x}}' })).toThrow(/Resources\.X\.a: dynamic references/);
  });

  it('of a part that is not there', () => {
    expect(() => of({ a: { 'Fn::Select': [3, ['x']] } })).toThrow(
      'Resources.X.a.Fn::Select: there is no part 3 of ["x"].',
    );
  });

  it('of an argument of another shape', () => {
    expect(() => of({ a: { 'Fn::Join': 'x' } })).toThrow('Resources.X.a.Fn::Join: a list is needed here, not "x".');
    expect(() => of({ a: { 'Fn::Join': ['', [{}]] } })).toThrow(
      'Resources.X.a.Fn::Join: a text is needed here, not {}.',
    );
  });
});
