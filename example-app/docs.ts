import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router, static as serveFolder } from 'express';

/**
 * What the page may load: its own files, and nothing of any other host; no inline script or style. `data:` is for the icons in
 * Swagger UI's style sheet.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const VIEWER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const VIEWER_FILES = ['/swagger-ui-bundle.js', '/swagger-ui.css', '/favicon-32x32.png'];

/** Swagger UI, served from here, for the OpenAPI document at `documentPath`. Keys that are typed there stay in the page. */
export function docs(documentPath: string): Router {
  const router = Router();
  router.use((_req, res, next) => {
    res.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    next();
  });
  router.get('/', (req, res) => void res.type('html').send(page(req.baseUrl)));
  router.get('/start.js', (_req, res) => void res.type('js').send(start(documentPath)));
  router.get(VIEWER_FILES, serveFolder(VIEWER, { index: false }));
  return router;
}

function page(path: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Admin API</title>
<link rel="icon" href="${path}/favicon-32x32.png">
<link rel="stylesheet" href="${path}/swagger-ui.css">
<div id="docs"></div>
<script src="${path}/swagger-ui-bundle.js"></script>
<script src="${path}/start.js"></script>
</html>
`;
}

/** No validator of another host, and nothing kept in the browser. */
function start(documentPath: string): string {
  const options = {
    url: documentPath,
    dom_id: '#docs',
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    queryConfigEnabled: false,
    defaultModelsExpandDepth: -1,
    docExpansion: 'list',
  };
  return `SwaggerUIBundle(${JSON.stringify(options)});\n`;
}
