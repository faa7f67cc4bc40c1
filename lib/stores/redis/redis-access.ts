import type { Redis } from 'ioredis';
import { type Finding, fine, unknown, warning } from '../../finding.js';
import type { RedisFacts } from './redis-facts.js';

/** What the store needs rights to. */
export interface Scope {
  /** What every key begins with, the client's own prefix included. */
  readonly keyPrefix: string;
  /** Where writes are published. */
  readonly channel: string;
}

/** How the change feed hears of changes: `none` where Redis refuses both ways; null before its first connection. */
export type FeedMeans = 'tracking' | 'publish' | 'none' | null;

/** What is asked of the change feed. */
export interface HealthFeed {
  readonly isLive: boolean;
  readonly means: FeedMeans;
}

/** A server that gave no answer. */
export function silent(trouble: string): Finding {
  return warning('connection', `${trouble}.`, 'See to the server, and to the network on the way there.');
}

/** What was refused, with the rule that allows it. */
export function judgeRights({ missingRights }: RedisFacts, { options }: Redis, { keyPrefix, channel }: Scope): Finding {
  if (missingRights.length === 0) return fine('acl', 'The user may do all that is needed.');
  const commands = missingRights.filter((right) => right !== 'keys').map((right) => `+${right}`);
  const rule = [options.username ?? 'default', ...commands, `~${keyPrefix}*`, `&${channel}`].join(' ');
  const mend = `ACL SETUSER ${rule}; and have no command renamed.`;
  return warning('acl', `Refused: ${missingRights.join(', ')}.`, mend);
}

/** Whether, and how, the changes that other processes make are heard of. */
export function judgeFeed({ isLive, means }: HealthFeed): Finding {
  if (means === null) return unknown('tracking', 'The change feed has not been connected yet.');
  if (means === 'none') {
    return warning('tracking', 'No change is heard of: every verification reads Redis.', TRACKING_MEND);
  }
  if (!isLive) {
    const detail = 'The change feed is lost: every verification reads Redis.';
    return warning(
      'tracking',
      detail,
      'It connects again by itself; see to the server and the network if it does not.',
    );
  }
  if (means === 'tracking') return fine('tracking', 'Changes are heard of by client tracking.');
  const detail = 'Changes are heard of only as they are published: not what is evicted, flushed or changed by hand.';
  return warning('tracking', detail, TRACKING_MEND);
}

const TRACKING_MEND =
  'Allow the user +client|id +client|tracking +subscribe &__redis__:invalidate; where nobody can, this is the most there is.';
