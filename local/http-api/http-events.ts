import type { HttpApiDeclaration } from '../declarations.ts';
import { requestTime } from '../gateway/request-time.ts';
import type { Caller } from '../iam/access-check.ts';
import { assumedRole } from '../iam/authorization.ts';
import { ACCOUNT, generatedId } from '../template/names.ts';
import type { HttpApiRequest } from './http-request.ts';
import type { SelectedRoute } from './route-selection.ts';

/** What a function is told of a request; `caller` is who signed it, where the route needs that. */
export type HttpEvent = (
  request: HttpApiRequest,
  selected: SelectedRoute,
  requestId: string,
  caller?: Caller,
) => object;

/**
 * Events of payload format 2.0, as API Gateway's documentation and recorded samples show them: what a request does not
 * have is absent, not null.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function httpEvents({ apiId, stageName }: HttpApiDeclaration, now: () => number): HttpEvent {
  return (request, { route, pathParameters }, requestId, caller) => {
    const at = now();
    const hasBody = request.body.length > 0;
    const isBase64Encoded = hasBody && !isText(request.headers['content-type']);
    return {
      version: '2.0',
      routeKey: route.key,
      rawPath: request.path,
      rawQueryString: request.query,
      ...(request.cookies.length > 0 && { cookies: request.cookies }),
      headers: request.headers,
      ...(request.query !== '' && { queryStringParameters: request.queryStringParameters }),
      requestContext: {
        accountId: ACCOUNT,
        apiId,
        ...(caller && { authorizer: { iam: identityOf(caller) } }),
        domainName: request.domainName,
        domainPrefix: /^[^.:]*/.exec(request.domainName)?.[0],
        http: {
          method: request.method,
          path: request.path,
          protocol: request.protocol,
          sourceIp: request.sourceIp,
          userAgent: request.headers['user-agent'] ?? '',
        },
        requestId,
        routeKey: route.key,
        stage: stageName,
        time: requestTime(at),
        timeEpoch: at,
      },
      ...(hasBody && { body: request.body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
      ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
      isBase64Encoded,
    };
  };
}

/**
 * The documentation only says that binary types are encoded. Tried out on AWS by others, these alone are not: a body
 * without a type is encoded, and so is that of a form (https://github.com/ministackorg/ministack/pull/766).
 */
function isText(contentType = ''): boolean {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return type.startsWith('text/') || ['application/json', 'application/xml', 'application/javascript'].includes(type);
}

/** A function calls by a session of its role, which goes by the function's name. */
function identityOf({ accessKeyId, functionName }: Caller): object {
  const id = `AROA${generatedId(functionName, 'Role', 17).toUpperCase()}:${functionName}`;
  return {
    accessKey: accessKeyId,
    accountId: ACCOUNT,
    callerId: id,
    cognitoIdentity: null,
    // so it reads where the account is in no organization
    principalOrgId: 'aws:PrincipalOrgID',
    userArn: assumedRole(functionName),
    userId: id,
  };
}
