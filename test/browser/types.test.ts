import type * as z from 'zod';
import type * as page from '../../admin-router/page/src/api/types.ts';
import type { WIRE_SCHEMAS } from '../../admin-router/wire-schemas.js';

type Wire = { [Name in keyof typeof WIRE_SCHEMAS]: z.infer<(typeof WIRE_SCHEMAS)[Name]> };

/** What the page believes of answers, by the names that they have in the OpenAPI document. */
interface Believed {
  Settings: page.Settings;
  Statement: page.Statement;
  ApiKey: page.ApiKey;
  ApiKeyPage: page.Page<page.ApiKey>;
  IssuedApiKey: page.IssuedApiKey;
  KeyUsage: page.KeyUsage;
  KeyVerdict: page.KeyVerdict;
  RevocationResults: page.RevocationResults;
  Policy: page.Policy;
  PolicyPage: page.Page<page.Policy>;
  PolicyRemoval: page.PolicyRemoval;
  Session: page.ListedSession;
  SessionUserPage: page.Page<page.SessionUser>;
  CurrentSession: page.CurrentSession;
  NewSession: page.NewSession;
  Principal: page.Principal;
  AuditEntry: page.AuditEntry;
  Health: page.Health;
  FieldError: page.FieldError;
  Problem: page.Problem;
}

/** The names for which an answer is not what the page takes it for; optional fields of theirs count as there or not. */
type Mistaken = {
  [Name in keyof Believed]: Exact<Wire[Name]> extends Exact<Believed[Name]> ? never : Name;
}[keyof Believed];

/** Without the difference between a field that is left out and one that is undefined, which JSON does not have. */
type Exact<Shape> = Shape extends object ? { [Field in keyof Shape]: Exact<Exclude<Shape[Field], undefined>> } : Shape;

describe('the types of the page', () => {
  it('are those of the answers: else this file does not compile', () => {
    const mistaken: [Mistaken] extends [never] ? 'none' : Mistaken = 'none';
    expect(mistaken).toBe('none');
  });
});
