import { ORDERS, PASSWORD } from './app-plan.js';
import type { AppName, CredentialKind, OperationKind } from './history.js';
import { isDone } from './history.js';
import { type Answer, basic, type Headers, send } from './http.js';
import type { Random } from './random.js';
import type { Meaning, Recorder } from './recorder.js';

const MAX_KEYS = 8;
const MAX_SESSIONS = 5;
/** Ended ones that are tried again now and then. */
const MAX_ENDED = 40;
/** A change that is answered 503 is asked for again, as the answer says, so often, and after so many ms. */
const MAX_TRIES = 60;
const RETRY_AFTER_MS = 150;
/** An ended credential is tried on each app until it is refused: for how long at most, and after how many ms each, in ms. */
const PROBE_FOR_MS = 20_000;
const PROBE_AFTER_MS = 25;
const LOGIN_TOKEN_MS = 30_000;

/** What a client holds. */
export interface Held {
  readonly name: string;
  readonly kind: CredentialKind;
  readonly id: string;
  readonly headers: Headers;
  readonly expiresAt: number | null;
}

export interface ClientOptions {
  readonly ownerId: string;
  readonly urlOf: (app: AppName) => string;
  /** Of a key with all rights. */
  readonly adminToken: string;
  readonly recorder: Recorder;
  readonly random: Random;
}

const APPS: readonly AppName[] = ['a', 'b'];

/** One user of both apps, who does one thing after the other and knows what was acknowledged. */
export class Client {
  readonly keys: Held[] = [];
  readonly sessions: Held[] = [];
  readonly ended: Held[] = [];
  readonly #tokens: { readonly name: string; readonly value: string }[] = [];
  readonly ownerId: string;
  readonly #options: ClientOptions;
  readonly #admin: Headers;
  #count = 0;
  #policyId = '';
  #asking: Held | null = null;
  #isAllowed = true;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.ownerId = options.ownerId;
    this.#admin = { 'x-api-key': options.adminToken };
  }

  /** Before the first fault: a key whose one right comes of a policy. */
  async prepare(): Promise<void> {
    const policy = { name: `of ${this.#options.ownerId}`, statements: statements(true) };
    const meaning = { policy: this.#options.ownerId, allows: true };
    const { body } = await this.#send('policy', 'a', 'POST', '/auth/policies', this.#admin, policy, meaning);
    this.#policyId = String(body.id);
    this.#asking = await this.#create('a', { policyIds: [this.#policyId] });
  }

  /** One thing, as the seed will have it. */
  async act(): Promise<void> {
    this.#sortOut();
    const { random } = this.#options;
    const app = random.pick(APPS);
    const draw = random.within(1, 100);
    if (draw <= 34) await this.#useAny(app, this.keys);
    else if (draw <= 52) await this.#useAny(app, this.sessions);
    else if (draw <= 62) await this.#useAny(app, this.ended);
    else if (draw <= 70) await this.#ask(app);
    else if (draw <= 73) await this.#changePolicy(app);
    else if (draw <= 79) await this.#createOne(app);
    else if (draw <= 84) await this.#rotateOne(app);
    else if (draw <= 88) await this.#revokeOne(app);
    else if (draw <= 91) await this.#login(app);
    else if (draw <= 95) await this.#loginInTwoSteps(app);
    else if (draw <= 96) await this.#replayToken(app);
    else await this.#logoutOne(app);
  }

  use(app: AppName, { name, headers }: Held): Promise<Answer> {
    return this.#send('use', app, 'GET', '/me', headers, undefined, { uses: name });
  }

  /** Those that end by themselves. */
  #sortOut(): void {
    for (const held of [this.keys, this.sessions]) {
      const over = held.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= this.#options.recorder.now);
      for (const each of over) this.#drop(held, each, true);
    }
  }

  async #useAny(app: AppName, held: readonly Held[]): Promise<void> {
    if (held.length > 0) await this.use(app, this.#options.random.pick(held));
  }

  async #ask(app: AppName): Promise<void> {
    if (this.#asking === null) return;
    const meaning = { policy: this.#options.ownerId };
    await this.#send('ask', app, 'GET', '/orders', this.#asking.headers, undefined, meaning);
  }

  async #changePolicy(app: AppName): Promise<void> {
    this.#isAllowed = !this.#isAllowed;
    const meaning = { policy: this.#options.ownerId, allows: this.#isAllowed };
    const body = { statements: statements(this.#isAllowed) };
    const path = `/auth/policies/${this.#policyId}`;
    await this.#insist((to) => this.#send('policy', to, 'PATCH', path, this.#admin, body, meaning), app);
    for (const each of APPS) await this.#ask(each);
  }

  async #createOne(app: AppName): Promise<void> {
    const { random } = this.#options;
    if (this.keys.length >= MAX_KEYS) return await this.#revokeOne(app);
    const fields = random.chance(15) ? { expiresInSeconds: random.within(3, 8) } : {};
    const made = await this.#create(app, fields);
    if (made === null) return;
    this.keys.push(made);
    for (const each of APPS) await this.use(each, made);
  }

  async #create(app: AppName, fields: object): Promise<Held | null> {
    const name = this.#name('key');
    const body = { name, ownerId: this.#options.ownerId, ...fields };
    const answer = await this.#send('create', app, 'POST', '/auth/api-keys', this.#admin, body, { makes: name });
    return isDone(answer) ? this.#hold(name, 'key', answer, { 'x-api-key': String(answer.body.token) }) : null;
  }

  async #rotateOne(app: AppName): Promise<void> {
    const lasting = this.keys.filter(({ expiresAt }) => expiresAt === null); // an expired one cannot be rotated
    if (lasting.length === 0) return;
    const old = this.#options.random.pick(lasting);
    const name = this.#name('key');
    const path = `/auth/api-keys/${old.id}/rotate`;
    const meaning = { makes: name, ends: old.name };
    const rotate = (to: AppName) => this.#send('rotate', to, 'POST', path, this.#admin, { graceSeconds: 0 }, meaning);
    const answer = await this.#insist(rotate, app);
    this.#drop(this.keys, old, isDone(answer));
    if (!isDone(answer)) return; // nobody knows which secret it has
    const next = this.#hold(name, 'key', answer, { 'x-api-key': String(answer.body.token) });
    this.keys.push(next);
    for (const each of APPS) await this.use(each, next);
    await this.#probe(old);
  }

  async #revokeOne(app: AppName): Promise<void> {
    if (this.keys.length === 0) return;
    const key = this.#options.random.pick(this.keys);
    const path = `/auth/api-keys/${key.id}`;
    const revoke = (to: AppName) =>
      this.#send('revoke', to, 'DELETE', path, this.#admin, undefined, { ends: key.name });
    const answer = await this.#insist(revoke, app);
    this.#drop(this.keys, key, isDone(answer));
    if (isDone(answer)) await this.#probe(key);
  }

  async #login(app: AppName): Promise<void> {
    if (this.sessions.length >= MAX_SESSIONS) return await this.#logoutOne(app);
    await this.#begin('login', app, { userName: this.#options.ownerId, password: PASSWORD });
  }

  /** Now and then both apps are asked for a session by the same login token at once. */
  async #loginInTwoSteps(app: AppName): Promise<void> {
    const { random, ownerId, recorder } = this.#options;
    if (this.sessions.length >= MAX_SESSIONS) return await this.#logoutOne(app);
    const name = this.#name('login-token');
    const password = { userName: ownerId, password: PASSWORD };
    const made = await this.#send('login-token', app, 'POST', '/auth/login', {}, password, { makes: name });
    if (!isDone(made)) return;
    const expiresAt = recorder.now + LOGIN_TOKEN_MS;
    recorder.credentials.push({ name, kind: 'login-token', id: '', ownerId, expiresAt });
    const value = String(made.body.loginToken);
    this.#tokens.push({ name, value });
    if (this.#tokens.length > MAX_ENDED) this.#tokens.shift();
    const apps = random.chance(25) ? APPS : [random.pick(APPS)];
    await Promise.all(apps.map((each) => this.#begin('exchange', each, { loginToken: value }, name)));
  }

  async #replayToken(app: AppName): Promise<void> {
    if (this.#tokens.length === 0) return;
    const { name, value } = this.#options.random.pick(this.#tokens);
    await this.#begin('exchange', app, { loginToken: value }, name);
  }

  async #begin(kind: 'login' | 'exchange', app: AppName, body: object, uses?: string): Promise<void> {
    const { random } = this.#options;
    const name = this.#name('session');
    const isToken = random.chance(50);
    const life = random.chance(15) ? { absoluteSeconds: random.within(3, 8) } : {};
    const meaning = { makes: name, ...(uses !== undefined && { uses }) };
    const fields = { ...body, ...life, ...(isToken && { token: true }) };
    const answer = await this.#send(kind, app, 'POST', '/auth/sessions', {}, fields, meaning);
    if (!isDone(answer)) return;
    const headers = isToken
      ? basic(String(answer.body.authUsername), String(answer.body.sessionToken))
      : { cookie: answer.cookie, rid: String(answer.body.requestId) };
    const session = this.#hold(name, 'session', answer, headers);
    this.sessions.push(session);
    for (const each of APPS) await this.use(each, session);
  }

  async #logoutOne(app: AppName): Promise<void> {
    if (this.sessions.length === 0) return;
    const session = this.#options.random.pick(this.sessions);
    const meaning = { ends: session.name };
    const path = '/auth/sessions/current';
    const logout = (to: AppName) => this.#send('logout', to, 'DELETE', path, session.headers, undefined, meaning);
    const answer = await this.#insist(logout, app);
    this.#drop(this.sessions, session, isDone(answer));
    if (isDone(answer)) await this.#probe(session);
  }

  /** Until both apps refuse it: how long that takes is in the history. */
  async #probe(over: Held): Promise<void> {
    const { recorder } = this.#options;
    const deadline = recorder.now + PROBE_FOR_MS;
    const untilRefused = async (app: AppName) => {
      while ((await this.use(app, over)).status !== 401 && recorder.now < deadline) await pause(PROBE_AFTER_MS);
    };
    await Promise.all(APPS.map(untilRefused));
  }

  /** Again, on either app, until it is acknowledged or refused for good. */
  async #insist(ask: (app: AppName) => Promise<Answer>, first: AppName): Promise<Answer> {
    let answer = await ask(first);
    for (let tries = 1; tries < MAX_TRIES && (answer.status === 503 || answer.status === 0); tries++) {
      await pause(RETRY_AFTER_MS);
      answer = await ask(this.#options.random.pick(APPS));
    }
    return answer;
  }

  #hold(name: string, kind: CredentialKind, { body }: Answer, headers: Headers): Held {
    const { recorder, ownerId } = this.#options;
    const id = String(body.id);
    const expiresAt = typeof body.expiresAt === 'string' ? recorder.fromWall(Date.parse(body.expiresAt)) : null;
    recorder.credentials.push({ name, kind, id, ownerId, expiresAt });
    return { name, kind, id, headers, expiresAt };
  }

  #drop(from: Held[], held: Held, isOver: boolean): void {
    from.splice(from.indexOf(held), 1);
    if (!isOver) return;
    this.ended.push(held);
    if (this.ended.length > MAX_ENDED) this.ended.splice(this.#options.random.within(0, MAX_ENDED), 1);
  }

  #name(kind: CredentialKind): string {
    return `${kind}-${this.#options.ownerId}-${this.#count++}`;
  }

  #send(
    kind: OperationKind,
    app: AppName,
    method: string,
    path: string,
    headers: Headers,
    body: object | undefined,
    meaning: Meaning,
  ): Promise<Answer> {
    const { recorder, urlOf } = this.#options;
    return recorder.record(kind, app, () => send(method, urlOf(app) + path, headers, body), meaning);
  }
}

function statements(isAllowed: boolean): object[] {
  return [{ actions: [isAllowed ? ORDERS : 'orders:none'] }];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
