import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument, Operation } from '../../admin-router/openapi.js';
import { type AnswerName, WIRE_SCHEMAS } from '../../admin-router/wire-schemas.js';

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Response {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** The schemas of a document, each as `document#/components/schemas/<name>`. */
export function schemasIn(document: OpenApiDocument): Ajv2020 {
  const isInstant = (text: string) => !Number.isNaN(Date.parse(text));
  const formats = { 'date-time': isInstant, date: (text: string) => text.length === 10 && isInstant(text) };
  return new Ajv2020({ strict: false, formats }).addSchema({ $id: 'document', ...document });
}

/** Holds answers of an admin router against its OpenAPI document. */
export class DocumentedAnswers {
  readonly #paths: readonly { path: RegExp; methods: Readonly<Record<string, Operation>> }[];
  readonly #document: OpenApiDocument;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<object, ValidateFunction>();
  /** What was seen, as `operation status code`. */
  readonly seen = new Set<string>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv = schemasIn(document);
    // A path of its own comes before one with an id, as in the router.
    const paths = Object.entries(document.paths).sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')));
    this.#paths = paths.map(([path, methods]) => ({
      path: new RegExp(`^${path.replaceAll('.', '\\.').replace('{id}', '[^/]+')}/?$`),
      methods,
    }));
  }

  /** What of an answer the document does not say; empty for what all is said of, and for what is none of its routes. */
  faultsOf(method: string, url: string, { status, headers, text }: Answered): string[] {
    const isHead = method === 'HEAD';
    const path = url.split('?')[0] ?? '';
    const methods = this.#paths.find((each) => each.path.test(path))?.methods;
    const operation = methods?.[isHead ? 'get' : method.toLowerCase()];
    if (operation === undefined || status === 500) return []; // not found, not allowed, or a fault of the host's own
    const { operationId, responses } = operation as { operationId: string; responses: Record<string, Response> };
    const response = this.#resolve<Response>(responses[String(status)]);
    if (response === undefined) return [`${operationId} may not answer ${status}: ${text}`];
    const missing = Object.entries(response.headers ?? {})
      .filter(([name, header]) => this.#resolve<{ required?: boolean }>(header)?.required && !headers.has(name))
      .map(([name]) => `${operationId} ${status} lacks the header ${name}`);
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const content = response.content?.[type];
    if (response.content === undefined || isHead) return text === '' ? missing : [...missing, `${operationId}: a body`];
    if (content === undefined) return [...missing, `${operationId} ${status} may not be ${type}: ${text}`];
    const body: unknown = JSON.parse(text);
    this.seen.add([operationId, status, (body as { code?: string }).code ?? ''].join(' ').trim());
    return [...missing, ...this.#faultsOf(content.schema, body).map((fault) => `${operationId} ${status} ${fault}`)];
  }

  #faultsOf(schema: object, body: unknown): string[] {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      const inside = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/'));
      validate = this.#ajv.compile(inside);
      this.#validators.set(schema, validate);
    }
    validate(body);
    const faults = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    const name = /schemas\/(\w+)$/.exec((schema as { $ref?: string }).$ref ?? '')?.[1] ?? 'Problem';
    const strict = WIRE_SCHEMAS[name as AnswerName].safeParse(body); // a field that is not named there, too
    return [...faults, ...(strict.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`)];
  }

  #resolve<Value>(part: unknown): Value | undefined {
    const ref = (part as { $ref?: string } | undefined)?.$ref;
    if (ref === undefined) return part as Value | undefined;
    const steps = ref.slice(2).split('/');
    return steps.reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], this.#document) as Value;
  }
}
