import type { Latchkey } from '../lib/index.js';
import type { Route } from './route.js';
import { publicRoute } from './route.js';

/** `/openapi.json`: the document of `routes` and of itself. It is made when it is first asked for, once. */
export function documentRoutes({ credentialNames }: Latchkey, routes: readonly Route[]): Route[] {
  let document: Promise<string> | undefined;

  async function describe(): Promise<string> {
    const { describeRoutes } = await import('./openapi.js');
    return JSON.stringify(describeRoutes([...routes, ...own], credentialNames));
  }

  const own = [
    publicRoute('GET', '/openapi.json', {
      operationId: 'getOpenApiDocument',
      summary: 'This document: OpenAPI 3.1.',
      answer: [200, 'OpenApiDocument'],
      headers: ['ETag'],
      async handle({ req }) {
        document ??= describe();
        const body = withServer(await document, req.baseUrl || '/');
        return { headers: { 'Cache-Control': 'no-cache' }, body };
      },
    }),
  ];
  return own;
}

/** Only where the router is mounted differs from request to request: the rest is not written anew. */
function withServer(document: string, url: string): string {
  return `${JSON.stringify({ servers: [{ url }] }).slice(0, -1)},${document.slice(1)}`;
}
