import type { ComponentChildren } from 'preact';
import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, Obstacle } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { hrefOf } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Fact } from '../../ui/fact.tsx';
import { relativeTime } from '../../ui/time.tsx';
import { exactTime } from '../audit/exact-time.ts';
import { secondsInWords } from '../audit/field-words.ts';
import { maskInWords, maskOf, STATES, shownState } from '../keys/state.ts';
import { whyOf } from './verdict-words.ts';

export interface FactsProps {
  readonly apiKey: ApiKey;
  /** Why it lets nobody in although it is active. */
  readonly obstacle: Obstacle | null;
}

export function Facts({ apiKey, obstacle }: FactsProps) {
  const { ownerId, ownerKind, createdBy, kind, parentIds, previousSecretExpiresAt, useCount, failureCount } = apiKey;
  const { rights } = useLogin();
  const mayReadAll = rights.has('keys:read') || rights.has('keys:manage');
  const properties = Object.entries(apiKey.properties);
  return (
    <section class="card key-card" aria-labelledby="facts">
      <h2 id="facts" class="unseen">
        Facts
      </h2>
      <Standing apiKey={apiKey} obstacle={obstacle} />
      <dl class="facts">
        <Fact label="Key">
          <code aria-hidden="true">{maskOf(apiKey)}</code>
          <span class="unseen">{maskInWords(apiKey)}</span>
          {apiKey.imported && <span class="mark">imported</span>}
          {kind === 'session-key' && <span class="mark">session key</span>}
          {apiKey.imported && <p class="note">It is a key of before Latchkey, as it was; rotating replaces it.</p>}
        </Fact>
        <Fact label="Id">
          <span class="with-copy">
            <code>{apiKey.id}</code>
            <CopyButton text={apiKey.id} label="Copy the id" isSmall />
          </span>
        </Fact>
        <Fact label="Owner">
          {mayReadAll ? <a href={hrefOf(['all-keys'], { owner: ownerId })}>{ownerId}</a> : ownerId}
          {ownerKind === 'service' && <span class="mark">service</span>}
        </Fact>
        <Fact label="Made by">
          {createdBy}
          {parentIds[0] !== undefined && (
            <p class="note">
              with the key{' '}
              <a href={hrefOf(['keys', parentIds[0]])}>
                <code>{parentIds[0]}</code>
              </a>
            </p>
          )}
        </Fact>
        <Fact label="Created">
          <Instant at={apiKey.createdAt} />
        </Fact>
        <Fact label="Expires">
          <Instant at={apiKey.expiresAt} none="never" />
        </Fact>
        {apiKey.notBefore !== null && (
          <Fact label="Valid from">
            <Instant at={apiKey.notBefore} />
          </Fact>
        )}
        {apiKey.revokedAt !== null && (
          <Fact label="Revoked">
            <Instant at={apiKey.revokedAt} />
          </Fact>
        )}
        <Fact label="Last used">
          <Instant at={apiKey.lastUsedAt} none="never" />
          {apiKey.lastUsedFrom !== null && (
            <p class="note">
              from <code>{apiKey.lastUsedFrom}</code>
            </p>
          )}
        </Fact>
        <Fact label="Uses">{useCount.toLocaleString('en')}</Fact>
        <Fact label="Refusals">
          {failureCount.toLocaleString('en')}
          {apiKey.lastFailedAt !== null && <p class="note">{`the last one ${relativeTime(apiKey.lastFailedAt)}`}</p>}
        </Fact>
        {previousSecretExpiresAt !== null && Date.parse(previousSecretExpiresAt) > serverNow() && (
          <Fact label="Previous secret works until">
            <Instant at={previousSecretExpiresAt} />
          </Fact>
        )}
      </dl>
      <Restrictions apiKey={apiKey} />
      {properties.length > 0 && (
        <>
          <h3>Properties</h3>
          <dl class="facts">
            {properties.map(([name, value]) => (
              <Fact key={name} label={name}>
                {value}
              </Fact>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function Standing({ apiKey, obstacle }: FactsProps) {
  const { tone, word } = STATES[shownState(apiKey)];
  const why = whyOf(apiKey, obstacle);
  return (
    <p class="standing">
      {obstacle === null ? <Badge tone={tone}>{word}</Badge> : <Badge tone="bad">Locked</Badge>}
      {why !== null && <span>{why}</span>}
    </p>
  );
}

function Restrictions({ apiKey }: { readonly apiKey: ApiKey }) {
  const { allowedAddresses, allowedOrigins, maxRequestsPerMinute, countedWith, disableUnusedAfterSeconds } = apiKey;
  const { resources, internalOnly, locale, timeZone, defaultWorkspace } = apiKey;
  const facts: readonly (readonly [label: string, value: ComponentChildren])[] = [
    ['Addresses', allowedAddresses && <Texts texts={allowedAddresses} />],
    ['Origins of browsers', allowedOrigins && <Texts texts={allowedOrigins} />],
    ['Tied to resources', resources && <Texts texts={resources} />],
    ['Requests per minute', maxRequestsPerMinute?.toLocaleString('en')],
    ['Counted together with', countedWith && <a href={hrefOf(['keys', countedWith])}>{countedWith}</a>],
    ['Disabled when unused for', disableUnusedAfterSeconds && secondsInWords(disableUnusedAfterSeconds)],
    ['Where', internalOnly && 'only inside: not from the internet'],
    ['Workspace by default', defaultWorkspace],
    ['Language', locale],
    ['Time zone', timeZone],
  ];
  const told = facts.filter(([, value]) => value);
  return (
    <>
      <h3>Restrictions</h3>
      {told.length === 0 ? (
        <p class="note">None: it is accepted from everywhere, and as often as it is sent.</p>
      ) : (
        <dl class="facts">
          {told.map(([label, value]) => (
            <Fact key={label} label={label}>
              {value}
            </Fact>
          ))}
        </dl>
      )}
    </>
  );
}

function Instant({ at, none }: { readonly at: string | null; readonly none?: string }) {
  if (at === null) return <span class="faint">{none}</span>;
  return (
    <>
      <time dateTime={at}>{exactTime(at)}</time>
      <p class="note">{relativeTime(at)}</p>
    </>
  );
}

export function Texts({ texts }: { readonly texts: readonly string[] }) {
  return (
    <ul class="texts">
      {texts.map((text) => (
        <li key={text}>
          <code>{text}</code>
        </li>
      ))}
    </ul>
  );
}
