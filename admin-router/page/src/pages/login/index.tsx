import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, waitingTime } from '../../api/problem.ts';
import { type Ending, logIn } from '../../api/session.ts';
import { useSettings } from '../../context.ts';
import { useAction } from '../../load.ts';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ThemeButton } from '../../ui/theme-button.tsx';

const ENDINGS: Readonly<Record<Ending, string>> = {
  logged_out: 'You have logged out.',
  other_tab: 'You are logged out: the session was ended in another tab.',
  idle: 'Your session has ended because it was not used for a while. Log in to go on where you were.',
  absolute: 'Your session has reached its longest time and has ended. Log in to go on where you were.',
  ended: 'Your session was ended, by you on another device or by an administrator. Log in to go on where you were.',
};

/** In place of whatever page the address names, which is shown once somebody has logged in. */
export function LoginPage({ ending }: { readonly ending: Ending | null }) {
  const settings = useSettings();
  useEffect(() => {
    document.title = `Log in · ${settings.title}`;
  }, [settings.title]);
  return (
    <>
      <main class="login">
        <div class="login-card">
          <span class="brand-mark large">
            <Icon name="key" />
          </span>
          <h1>Log in</h1>
          <p class="lead">{settings.title}</p>
          {ending !== null && (
            <div role="alert">
              <Notice kind={ending === 'logged_out' ? 'good' : 'info'}>
                <p>{ENDINGS[ending]}</p>
              </Notice>
            </div>
          )}
          <LoginForm asksTenant={settings.asksTenant} />
        </div>
      </main>
      <div class="login-theme">
        <ThemeButton />
      </div>
    </>
  );
}

function LoginForm({ asksTenant }: { readonly asksTenant: boolean }) {
  const form = useRef<HTMLFormElement>(null);
  const [wantsCode, setWantsCode] = useState(false);
  const { run, isBusy, problem } = useAction(async (data: FormData) => {
    const text = (name: string) => String(data.get(name) ?? '');
    const optional = (name: string) => (text(name) === '' ? {} : { [name]: text(name) });
    try {
      await logIn({
        userName: text('userName'),
        password: text('password'),
        ...optional('tenant'),
        ...optional('mfaCode'),
      });
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'mfa_required') throw error;
      setWantsCode(true);
    }
  });
  const shown = problem === null ? null : inWords(problem, wantsCode);

  useEffect(() => {
    focusOn(form.current, wantsCode ? 'mfaCode' : asksTenant ? 'tenant' : 'userName');
  }, [wantsCode, asksTenant]);
  useEffect(() => {
    if (problem?.status === 401) focusOn(form.current, wantsCode ? 'mfaCode' : 'password');
  }, [problem, wantsCode]);

  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(new FormData(event.currentTarget as HTMLFormElement));
  };
  return (
    <form ref={form} onSubmit={onSubmit}>
      {shown && <ErrorBox problem={shown} />}
      {asksTenant && (
        <Field label="Tenant" path="tenant" problem={shown}>
          {(control) => <input {...control} required autocomplete="organization" autocapitalize="off" />}
        </Field>
      )}
      <Field label="User name" path="userName" problem={shown}>
        {(control) => <input {...control} required autocomplete="username" autocapitalize="off" spellcheck={false} />}
      </Field>
      <Field label="Password" path="password" problem={shown}>
        {(control) => <input {...control} type="password" required autocomplete="current-password" />}
      </Field>
      {wantsCode && (
        <Field label="Code" path="mfaCode" problem={shown} hint="From your authenticator app.">
          {(control) => <input {...control} required inputMode="numeric" autocomplete="one-time-code" />}
        </Field>
      )}
      <button type="submit" aria-busy={isBusy}>
        Log in
      </button>
    </form>
  );
}

/** The API has one text for every credential that is refused; here it is known what was typed. */
function inWords(problem: ApiProblem, hasCode: boolean): ApiProblem {
  const { status, code, retryAfterSeconds } = problem;
  const wrong = hasCode
    ? 'The code was not accepted. Check it, and the user name and password.'
    : 'The user name or the password is wrong.';
  if (status === 401) return new ApiProblem({ status, code, detail: wrong });
  if (code !== 'too_many_attempts') return problem;
  const wait = retryAfterSeconds === null ? 'later' : `in ${waitingTime(retryAfterSeconds)}`;
  return new ApiProblem({ status, code, detail: `Too many failed attempts to log in. Try again ${wait}.` });
}

function focusOn(form: HTMLFormElement | null, name: string): void {
  const control = form?.elements.namedItem(name);
  if (!(control instanceof HTMLInputElement)) return;
  control.focus();
  control.select();
}
